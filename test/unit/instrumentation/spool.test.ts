import {
  appendFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  decodeFrame,
  encodeFrameHead,
  findNextFrame,
} from '../../../packages/instrumentation/src/spool/frame.ts';
import { makeDirectory } from '../../../packages/instrumentation/src/spool/make-directory.ts';
import {
  adoptFolders,
  folderName,
  FOREIGN_HOST_IDLE_MS,
} from '../../../packages/instrumentation/src/spool/spool-directory.ts';
import { SpoolReader } from '../../../packages/instrumentation/src/spool/spool-reader.ts';
import { SEGMENT_MAX_BYTES, SpoolWriter } from '../../../packages/instrumentation/src/spool/spool-writer.ts';

let directory = '';
let damage = 0;
const FOLDER = 'producer';

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'spanledger-spool-'));
  damage = 0;
});
afterEach(() => rm(directory, { recursive: true, force: true }));

function writer(maxBytes = 1e9): SpoolWriter {
  return new SpoolWriter({ spoolDirectory: directory, folder: FOLDER, maxBytes, now: () => 0 });
}

function reader(live: boolean): SpoolReader {
  return new SpoolReader(join(directory, FOLDER), live, () => {
    damage += 1;
  });
}

function segments(): string[] {
  return readdirSync(join(directory, FOLDER)).filter((name) => name.endsWith('.segment'));
}

function payload(text: string): Buffer {
  return Buffer.from(text);
}

/** Everything that there is to send, confirmed as it comes. */
function drain(from: SpoolReader): string[] {
  const texts: string[] = [];
  for (let batch = from.next(1e9); batch !== undefined; batch = from.next(1e9)) {
    texts.push(...batch.payloads.map(String));
    from.confirm(batch);
  }
  return texts;
}

describe('frames', () => {
  test('are read as they were written', () => {
    const bytes = Buffer.concat([
      encodeFrameHead('provisional', [7, 2 ** 40], payload('hello')),
      payload('hello'),
    ]);
    const frame = decodeFrame(bytes, 0);
    expect(frame).toEqual({
      kind: 'provisional',
      numbers: [7, 2 ** 40],
      payload: payload('hello'),
      end: bytes.length,
    });
  });

  test('any changed byte is damage, any missing end is incomplete', () => {
    const bytes = Buffer.concat([encodeFrameHead('final', [3], payload('hello')), payload('hello')]);
    for (let at = 0; at < bytes.length; at++) {
      const changed = Buffer.from(bytes);
      changed[at] = (changed[at] ?? 0) ^ 0x41;
      const reading = decodeFrame(changed, 0);
      expect(typeof reading, `byte ${at}`).toBe('string');
      expect(typeof decodeFrame(bytes.subarray(0, at), 0)).toBe('string');
    }
    expect(decodeFrame(bytes.subarray(0, -1), 0)).toBe('incomplete');
  });

  test('are found again after damage', () => {
    const bytes = Buffer.concat([
      payload('SPL1 rubbish SPL'),
      encodeFrameHead('final', [], payload('x')),
      payload('x'),
    ]);
    expect(findNextFrame(bytes, 0)).toBe(16);
    expect(findNextFrame(bytes, 17)).toBeUndefined();
  });
});

describe('reader and writer', () => {
  test('a live folder is followed; what has been confirmed is not read again', () => {
    const to = writer();
    const from = reader(true);
    expect(from.next(1e9)).toBeUndefined();
    to.append('final', [], payload('one'), 1);
    to.append('final', [], payload('two'), 1);
    expect(drain(from)).toEqual(['one', 'two']);
    to.append('final', [], payload('three'), 1);
    expect(drain(from)).toEqual(['three']);
    expect(from.confirmed).toEqual(to.position);
    to.append('final', [], payload('four'), 1);
    expect(drain(reader(false))).toEqual(['four']);
  });

  test('batches end at their size; what does not fit comes next', () => {
    const to = writer();
    for (const text of ['aaaa', 'bbbb', 'cccc', 'd'.repeat(100)]) to.append('final', [], payload(text), 1);
    const from = reader(true);
    const sizes: number[] = [];
    for (let batch = from.next(8); batch !== undefined; batch = from.next(8)) {
      sizes.push(batch.payloads.length);
      from.confirm(batch);
    }
    expect(sizes).toEqual([2, 1, 1]);
  });

  test('segments rotate, are read across, and go once they have arrived', () => {
    const to = writer();
    const big = Buffer.alloc(SEGMENT_MAX_BYTES / 2 + 1, 'x');
    for (let index = 0; index < 6; index++) to.append('final', [], big, 1);
    expect(segments()).toHaveLength(3);
    const from = reader(true);
    let freed = 0;
    let count = 0;
    for (let batch = from.next(1); batch !== undefined; batch = from.next(1)) {
      count += batch.payloads.length;
      freed += from.confirm(batch);
    }
    expect(count).toBe(6);
    expect(segments()).toHaveLength(1);
    expect(freed).toBeGreaterThan(2 * SEGMENT_MAX_BYTES);
    expect(damage).toBe(0);
  });

  test('provisional spans are sent only if nothing settled them, and then last', () => {
    const to = writer();
    to.append('provisional', [1], payload('p1'), 1);
    to.append('provisional', [2], payload('p2'), 1);
    to.append('final', [2], payload('f2'), 1);
    to.append('final', [], payload('f3'), 1);
    expect(drain(reader(true))).toEqual(['f2', 'f3']);
    const dead = reader(false);
    expect(drain(dead)).toEqual(['p1']);
    expect(dead.next(1e9)).toBeUndefined();
  });

  test('a segment stays while a provisional span in it is unsettled', () => {
    const to = writer();
    to.append('provisional', [1], payload('p1'), 1);
    const big = Buffer.alloc(SEGMENT_MAX_BYTES, 'x');
    to.append('final', [], big, 1);
    to.append('final', [], big, 1);
    const from = reader(true);
    expect(drain(from)).toHaveLength(2);
    expect(segments()).toHaveLength(2);
    to.append('final', [1], payload('f1'), 1);
    expect(drain(from)).toEqual(['f1']);
    expect(segments()).toHaveLength(1);
  });

  test('a torn end is waited for while the process lives, and skipped once it is dead', () => {
    const to = writer();
    to.append('final', [], payload('whole'), 1);
    to.append('final', [], payload('torn'), 1);
    const path = join(directory, FOLDER, segments()[0] ?? '');
    const bytes = readFileSync(path);
    truncateSync(path, bytes.length - 2);
    const live = reader(true);
    expect(drain(live)).toEqual(['whole']);
    appendFileSync(path, bytes.subarray(-2));
    expect(drain(live)).toEqual(['torn']);
    truncateSync(path, bytes.length - 2);
    rmPosition();
    expect(drain(reader(false))).toEqual(['whole']);
    expect(damage).toBe(0);
  });

  test('damage in the middle costs what was damaged', () => {
    const to = writer();
    for (const text of ['one', 'two', 'three']) to.append('final', [], payload(text), 1);
    const path = join(directory, FOLDER, segments()[0] ?? '');
    const bytes = readFileSync(path);
    bytes[bytes.indexOf('two')] = 0;
    writeFileSync(path, bytes);
    expect(drain(reader(false))).toEqual(['one', 'three']);
    expect(damage).toBe(1);
  });

  test('a torn position means the start', () => {
    const to = writer();
    to.append('final', [], payload('one'), 1);
    expect(drain(reader(false))).toEqual(['one']);
    writeFileSync(join(directory, FOLDER, 'position.json'), '{"segm');
    expect(drain(reader(false))).toEqual(['one']);
  });

  test('the bound counts what is lost, until the sender has made room', () => {
    const to = writer(100);
    expect(to.append('final', [], payload('x'.repeat(60)), 3)).toBe(true);
    expect(to.append('final', [], payload('x'.repeat(60)), 4)).toBe(false);
    expect(to.counts).toEqual({ written: 3, lost: 4 });
    to.adjustHeldBytes(-80);
    expect(to.append('final', [], payload('x'.repeat(60)), 5)).toBe(true);
  });

  test('a directory that cannot be written loses spans and throws nothing', () => {
    writeFileSync(join(directory, FOLDER), 'in the way');
    let now = 0;
    const to = new SpoolWriter({ spoolDirectory: directory, folder: FOLDER, maxBytes: 1e9, now: () => now });
    expect(to.append('final', [], payload('x'), 1)).toBe(false);
    expect(to.counts.lost).toBe(1);
    return rm(join(directory, FOLDER)).then(() => {
      expect(to.append('final', [], payload('x'), 1)).toBe(false);
      now = 1_500;
      expect(to.append('final', [], payload('x'), 1)).toBe(true);
    });
  });
});

function rmPosition(): void {
  writeFileSync(join(directory, FOLDER, 'position.json'), '');
}

test.each([['/proc/nowhere/folder'], ['/dev/null/folder']])(
  'a folder that cannot be made is refused: %s',
  (path) => {
    expect(() => {
      makeDirectory(path);
    }).toThrow();
  },
);

describe('taking over', () => {
  const stream = 'a'.repeat(32);
  const here = { host: '0123abcd', pid: process.pid, start: 42 };

  function folderOf(owner: { host: string; pid: number; start: number }): string {
    const path = join(directory, folderName(owner, stream));
    mkdirSync(path);
    return path;
  }

  test('of a dead process, by name', () => {
    folderOf({ host: here.host, pid: 2 ** 22 + 1, start: 1 });
    expect(adoptFolders(directory, here, Date.now())).toEqual([join(directory, folderName(here, stream))]);
    expect(adoptFolders(directory, here, Date.now())).toEqual([]);
  });

  test('of a process whose pid is somebody else’s now', () => {
    folderOf({ host: here.host, pid: process.ppid, start: 1 });
    expect(adoptFolders(directory, here, Date.now())).toHaveLength(1);
  });

  test('not of a living one, nor of our own', () => {
    folderOf({ host: here.host, pid: process.ppid, start: 0 });
    expect(adoptFolders(directory, here, Date.now())).toEqual([]);
  });

  test('of another host only once it has long been quiet', () => {
    const path = folderOf({ host: 'ffffffff', pid: 1, start: 1 });
    expect(adoptFolders(directory, here, Date.now())).toEqual([]);
    const longAgo = (Date.now() - FOREIGN_HOST_IDLE_MS - 1_000) / 1_000;
    utimesSync(path, longAgo, longAgo);
    expect(adoptFolders(directory, here, Date.now())).toHaveLength(1);
  });

  test('other names are left alone', () => {
    mkdirSync(join(directory, 'rejected'));
    mkdirSync(join(directory, '../..'), { recursive: true });
    expect(adoptFolders(directory, here, Date.now())).toEqual([]);
    expect(adoptFolders(join(directory, 'absent'), here, Date.now())).toEqual([]);
  });
});
