import {
  appendFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
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
import { readPosition, writePosition } from '../../../packages/instrumentation/src/spool/spool-position.ts';
import { SpoolCounters } from '../../../packages/instrumentation/src/spool/spool-counters.ts';
import {
  SEGMENT_MAX_BYTES,
  type SpoolWriter,
} from '../../../packages/instrumentation/src/spool/spool-writer.ts';
import { writerInto } from '../../support/instrumentation/spool.ts';

let directory = '';
let damage = 0;
let tornEnds = 0;
let counters = new SpoolCounters();
const FOLDER = 'producer';

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'spanledger-spool-'));
  damage = 0;
  tornEnds = 0;
  counters = new SpoolCounters();
});
afterEach(() => rm(directory, { recursive: true, force: true }));

function writer(maxBytes = 1e9): SpoolWriter {
  return writerInto(directory, FOLDER, { maxBytes, counters });
}

function reader(live: boolean): SpoolReader {
  return new SpoolReader(join(directory, FOLDER), live, (kind) => {
    if (kind === 'torn_end') tornEnds += 1;
    else damage += 1;
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
      sealed: false,
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
    const batches: string[][] = [];
    const read = (): void => {
      for (let batch = from.next(8); batch !== undefined; batch = from.next(8)) {
        batches.push(batch.payloads.map(String));
        from.confirm(batch);
      }
    };
    read();
    expect(batches).toEqual([['aaaa', 'bbbb'], ['cccc'], ['d'.repeat(100)]]);
    for (const text of ['eeee', 'ffff', 'gggg']) to.append('final', [], payload(text), 1);
    read();
    expect(batches.slice(3), 'in the room of what was read before').toEqual([['eeee', 'ffff'], ['gggg']]);
    expect(from.confirmed).toEqual(to.position);
  });

  test('a position is read back, though the one before it was longer', () => {
    writePosition(directory, { segment: 1, offset: 4_194_304 });
    writePosition(directory, { segment: 2, offset: 7 });
    expect(readPosition(directory)).toEqual({ segment: 2, offset: 7 });
  });

  test('what a dead process had not settled goes in batches of the same sizes', () => {
    const to = writer();
    for (let number = 1; number <= 1_500; number++) to.append('provisional', [number], payload('aaaa'), 1);
    const from = reader(false);
    const sizes: number[] = [];
    for (let batch = from.next(4_000); batch !== undefined; batch = from.next(4_000)) {
      sizes.push(batch.payloads.length);
      from.confirm(batch);
    }
    expect(sizes).toEqual([1_000, 500]);
  });

  test('segments rotate, are read across, and go once they have arrived', () => {
    const to = writer();
    const big = Buffer.alloc(SEGMENT_MAX_BYTES / 2 + 1, 'x');
    for (let index = 0; index < 4; index++) to.append('final', [], big, 1);
    expect(segments()).toHaveLength(4);
    const from = reader(true);
    let freed = 0;
    let count = 0;
    for (let batch = from.next(1); batch !== undefined; batch = from.next(1)) {
      count += batch.payloads.length;
      freed += from.confirm(batch);
    }
    expect(count).toBe(4);
    expect(segments()).toHaveLength(1);
    expect(freed).toBeGreaterThan(1.5 * SEGMENT_MAX_BYTES);
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
    expect(segments()).toHaveLength(3);
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
    expect(tornEnds).toBe(0);
    expect(drain(reader(false))).toEqual(['whole']);
    expect({ damage, tornEnds }).toEqual({ damage: 0, tornEnds: 1 });
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

  test('the bound holds, until the sender has made room', () => {
    const to = writer(100);
    expect(to.append('final', [], payload('x'.repeat(60)), 3)).toBe('written');
    expect(to.append('final', [], payload('x'.repeat(60)), 4)).toBe('spool_full');
    expect(to.written).toBe(3);
    counters.noteFreed(80);
    expect(to.append('final', [], payload('x'.repeat(60)), 5)).toBe('written');
  });

  test('the last bytes of a process go beyond the bound', () => {
    const to = writer(100);
    to.append('final', [], payload('x'.repeat(60)), 1);
    expect(to.append('final', [], payload('x'.repeat(60)), 1, 'force')).toBe('written');
  });

  test('of a small spool the arrived segments are freed as well', () => {
    const to = writer(1_000);
    const from = reader(true);
    for (let index = 0; index < 50; index++) {
      expect(to.append('final', [], payload('x'.repeat(60)), 1)).toBe('written');
      for (let batch = from.next(1e9); batch !== undefined; batch = from.next(1e9)) {
        counters.noteFreed(from.confirm(batch));
      }
    }
    expect(segments().length).toBeLessThanOrEqual(2);
  });

  test('a directory that cannot be written loses frames, throws nothing, and works again once it can', async () => {
    writeFileSync(join(directory, FOLDER), 'in the way');
    let now = 0;
    const to = writerInto(directory, FOLDER, { now: () => now });
    expect(to.append('final', [], payload('x'), 1)).toBe('spool_failed');
    await rm(join(directory, FOLDER));
    expect(to.append('final', [], payload('x'), 1)).toBe('spool_failed');
    now = 1_500;
    expect(to.append('final', [], payload('x'), 1)).toBe('written');
  });

  test('a directory that vanishes is made again, and only what was in it is gone', async () => {
    const to = writer();
    const from = reader(true);
    to.append('final', [], payload('sent'), 1);
    expect(drain(from)).toEqual(['sent']);
    to.append('final', [], payload('gone'), 1);
    const before = counters.heldBytes;
    await rm(directory, { recursive: true });
    expect(to.append('final', [], payload('after'), 1)).toBe('written');
    expect(counters.heldBytes).toBeLessThan(before);
    expect(drain(from)).toEqual(['after']);
    expect(from.confirmed).toEqual(to.position);
  });

  test('what cannot be read is neither skipped nor removed', () => {
    const to = writer();
    to.append('final', [], payload('one'), 1);
    const path = join(directory, FOLDER, segments()[0] ?? '');
    const bytes = readFileSync(path);
    // Reading a directory fails as a disk does.
    rmSync(path);
    mkdirSync(path);
    const dead = reader(false);
    expect(drain(dead)).toEqual([]);
    expect(dead.unreadable).toBe(true);
    rmdirSync(path);
    writeFileSync(path, bytes);
    expect(drain(dead)).toEqual(['one']);
    expect(dead.unreadable).toBe(false);
  });
});

describe('waiting for room', () => {
  const big = payload('x'.repeat(60));

  function blocking(blockMs: number): SpoolWriter {
    return writerInto(directory, FOLDER, {
      maxBytes: 100,
      blockMs,
      counters,
      now: () => performance.now(),
    });
  }

  /** Another thread that makes room after a while. */
  function freeLater(afterMs: number): Worker {
    return new Worker(
      `const { workerData: { buffer, afterMs } } = require('node:worker_threads');
       const numbers = new BigInt64Array(buffer, 0, 5);
       const signals = new Int32Array(buffer, 40, 4);
       Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, afterMs);
       Atomics.store(numbers, 0, 0n);
       Atomics.add(signals, 0, 1);
       Atomics.notify(signals, 0);`,
      { eval: true, workerData: { buffer: counters.buffer, afterMs } },
    );
  }

  test('ends as soon as there is some', async () => {
    const to = blocking(5_000);
    to.append('final', [], big, 1);
    const other = freeLater(100);
    const began = performance.now();
    expect(to.append('final', [], big, 1)).toBe('written');
    expect(performance.now() - began).toBeLessThan(4_000);
    await once(other, 'exit');
  });

  test('ends at its deadline, and is not begun again before room was made', () => {
    const to = blocking(40);
    to.append('final', [], big, 1);
    const waitedFor = (): number => {
      const began = performance.now();
      expect(to.append('final', [], big, 1)).toBe('spool_full');
      return performance.now() - began;
    };
    const first = waitedFor();
    expect(first).toBeGreaterThanOrEqual(39);
    expect(first).toBeLessThan(1_000);
    expect(waitedFor()).toBeLessThan(20);
    // What is small enough to fit, such as a report of the loss, is no room for the rest.
    expect(to.append('final', [], payload(''), 1, 'try')).toBe('written');
    expect(waitedFor()).toBeLessThan(20);
    counters.noteFreed(1);
    expect(waitedFor()).toBeGreaterThanOrEqual(39);
  });

  test('ends although the clock stands still', () => {
    const to = writerInto(directory, FOLDER, { maxBytes: 100, blockMs: 40, counters });
    to.append('final', [], big, 1);
    expect(to.append('final', [], big, 1)).toBe('spool_full');
  });

  test('is not for what is only kept provisionally, nor where it is not asked for', () => {
    const to = blocking(5_000);
    to.append('final', [], big, 1);
    const began = performance.now();
    expect(to.append('provisional', [1], big, 1, 'try')).toBe('spool_full');
    const counting = blocking(0);
    expect(counting.append('final', [], big, 1)).toBe('spool_full');
    expect(performance.now() - began).toBeLessThan(1_000);
  });
});

test('a clock that is set back prolongs no quiet time', async () => {
  writeFileSync(join(directory, FOLDER), 'in the way');
  let now = 1_000_000;
  const to = writerInto(directory, FOLDER, { counters, now: () => now });
  expect(to.append('final', [], payload('x'), 1)).toBe('spool_failed');
  await rm(join(directory, FOLDER));
  now = -1_000_000;
  expect(to.append('final', [], payload('x'), 1)).toBe('written');
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

  function adopt(): string[] {
    return adoptFolders(directory, here, Date.now()).adopted.map(({ path }) => path);
  }

  test('of a dead process, by name', () => {
    folderOf({ host: here.host, pid: 2 ** 22 + 1, start: 1 });
    expect(adopt()).toEqual([join(directory, folderName(here, stream))]);
    expect(adopt()).toEqual([]);
  });

  test('of a process whose pid is somebody else’s now', () => {
    folderOf({ host: here.host, pid: process.ppid, start: 1 });
    expect(adopt()).toHaveLength(1);
  });

  test('not of a living one, nor of our own', () => {
    folderOf({ host: here.host, pid: process.ppid, start: 0 });
    expect(adopt()).toEqual([]);
  });

  test('of another host only once it has long been quiet', () => {
    const path = folderOf({ host: 'ffffffff', pid: 1, start: 1 });
    expect(adopt()).toEqual([]);
    const longAgo = (Date.now() - FOREIGN_HOST_IDLE_MS - 1_000) / 1_000;
    utimesSync(path, longAgo, longAgo);
    expect(adopt()).toHaveLength(1);
  });

  test.each([
    ['another magic', (bytes: Buffer) => bytes.write('SPL2', 0)],
    ['another kind', (bytes: Buffer) => bytes.writeUInt8(3, 4)],
    ['a flag', (bytes: Buffer) => bytes.writeUInt8(2, 5)],
  ])('not of what a newer version wrote: %s', (_what, change) => {
    const folder = folderOf({ host: here.host, pid: 2 ** 22 + 1, start: 1 });
    const bytes = encodeFrameHead('final', [], payload(''));
    writeFileSync(join(folder, '00000001.segment'), bytes);
    const dead = adoptFolders(directory, { ...here, host: 'ffffffff' }, Date.now());
    expect(dead).toEqual({ adopted: [], newer: 0, sealed: 0, foreign: 0 });
    change(bytes);
    writeFileSync(join(folder, '00000002.segment'), bytes);
    expect(adoptFolders(directory, here, Date.now())).toEqual({
      adopted: [],
      newer: 1,
      sealed: 0,
      foreign: 0,
    });
    expect(readdirSync(folder)).toHaveLength(2);
  });

  test('not of a folder whose name is of another format', () => {
    mkdirSync(join(directory, 'v2.0-producer'));
    writeFileSync(join(directory, 'v2.0-producer', '1.segment'), 'what may that be');
    expect(adoptFolders(directory, here, Date.now())).toEqual({
      adopted: [],
      newer: 1,
      sealed: 0,
      foreign: 0,
    });
  });

  test('a damaged or torn first frame is no newer version', () => {
    const folder = folderOf({ host: here.host, pid: 2 ** 22 + 1, start: 1 });
    writeFileSync(join(folder, '00000001.segment'), 'SPL');
    writeFileSync(join(folder, '00000002.segment'), 'rubbish that is no frame');
    expect(adoptFolders(directory, here, Date.now())).toMatchObject({ newer: 0, adopted: [{}] });
  });

  test('other names are left alone', () => {
    mkdirSync(join(directory, 'rejected'));
    mkdirSync(join(directory, '../..'), { recursive: true });
    expect(adopt()).toEqual([]);
    expect(adoptFolders(join(directory, 'absent'), here, Date.now())).toEqual({
      adopted: [],
      newer: 0,
      sealed: 0,
      foreign: 0,
    });
  });
});
