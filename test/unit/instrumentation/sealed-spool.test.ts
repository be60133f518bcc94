import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { inspectSpool } from '../../../packages/instrumentation/src/diagnostics/spool-inspection.ts';
import { RejectedStore } from '../../../packages/instrumentation/src/sender/rejected-store.ts';
import {
  encodeFrameHead,
  isNewerFrame,
  sealContext,
} from '../../../packages/instrumentation/src/spool/frame.ts';
import { SpoolCounters } from '../../../packages/instrumentation/src/spool/spool-counters.ts';
import {
  adoptFolders,
  currentProcess,
  folderName,
} from '../../../packages/instrumentation/src/spool/spool-directory.ts';
import { SpoolReader } from '../../../packages/instrumentation/src/spool/spool-reader.ts';
import {
  drawSpoolKey,
  readSpoolKey,
  SpoolSeal,
} from '../../../packages/instrumentation/src/spool/spool-seal.ts';
import { SpoolWriter } from '../../../packages/instrumentation/src/spool/spool-writer.ts';

const STREAM = 'ab'.repeat(16);
/** Of a process that is gone. */
const DEAD = { host: currentProcess().host, pid: 999_999_999, start: 1 };
const SPANS = ['alice looked', 'alice bought', 'alice left'];

let directory: string;
let seal: SpoolSeal;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'spanledger-spool-'));
  seal = new SpoolSeal(drawSpoolKey());
});

afterEach(() => {
  rmSync(directory, { recursive: true });
});

/** What a process wrote that is gone now: two frames that were final, one that was not. */
function writeSpool(sealWith: SpoolSeal | undefined): void {
  const writer = new SpoolWriter({
    spoolDirectory: directory,
    folder: folderName(DEAD, STREAM),
    maxBytes: 1_000_000,
    fsync: 'off',
    blockMs: 0,
    counters: new SpoolCounters(),
    now: () => 0,
    seal: sealWith,
  });
  const [one = '', two = '', three = ''] = SPANS;
  expect(writer.append('final', [1, 2], Buffer.from(one), 2)).toBe('written');
  expect(writer.append('final', [], Buffer.from(two), 1)).toBe('written');
  expect(writer.append('provisional', [7], Buffer.from(three), 1)).toBe('written');
  writer.close(false);
}

function adopt(sealWith: SpoolSeal | undefined): ReturnType<typeof adoptFolders> {
  return adoptFolders(directory, currentProcess(), Date.now(), new Set(), sealWith);
}

function readAll(path: string, sealWith: SpoolSeal | undefined): { texts: string[]; damaged: number } {
  let damaged = 0;
  const reader = new SpoolReader(path, false, () => (damaged += 1), sealWith);
  const texts: string[] = [];
  for (let batch = reader.next(1e6); batch !== undefined; batch = reader.next(1e6)) {
    texts.push(...batch.payloads.map((payload) => payload.toString()));
  }
  return { texts, damaged };
}

function allBytes(): Buffer {
  const files = readdirSync(directory, { recursive: true, withFileTypes: true }).filter((file) =>
    file.isFile(),
  );
  return Buffer.concat(files.map((file) => readFileSync(join(file.parentPath, file.name))));
}

test('a sealed spool holds nothing in the clear, and the next process with the key sends all of it', () => {
  writeSpool(seal);
  expect(allBytes().includes('alice')).toBe(false);
  const { adopted, sealed } = adopt(seal);
  expect([adopted.length, sealed]).toEqual([1, 0]);
  expect(readAll(adopted[0]?.path ?? '', seal)).toEqual({ texts: SPANS, damaged: 0 });
});

test.each(['another key', 'no key'])(
  'with %s it is left alone, told, and sent by who has the right one',
  (which) => {
    writeSpool(seal);
    const other = which === 'no key' ? undefined : new SpoolSeal(drawSpoolKey());
    const before = allBytes();
    expect(adopt(other)).toEqual({ adopted: [], newer: 0, sealed: 1, foreign: 0 });
    expect(allBytes()).toEqual(before);
    expect(readAll(adopt(seal).adopted[0]?.path ?? '', seal).texts).toEqual(SPANS);
  },
);

test('what was written before there was a key is sent by a process that has one', () => {
  writeSpool(undefined);
  expect(readAll(adopt(seal).adopted[0]?.path ?? '', seal)).toEqual({ texts: SPANS, damaged: 0 });
});

test('a sealed frame does not open at another place, nor with a byte changed', () => {
  const sealed = seal.seal(sealContext('final', [1]), Buffer.from('alice'));
  expect(seal.open(sealContext('final', [1]), sealed)?.toString()).toBe('alice');
  expect(seal.open(sealContext('final', [2]), sealed)).toBeUndefined();
  expect(seal.open(sealContext('provisional', [1]), sealed)).toBeUndefined();
  for (let i = 0; i < sealed.length; i++) {
    const changed = Buffer.from(sealed);
    changed[i] = (changed[i] ?? 0) ^ 1;
    expect(seal.open(sealContext('final', [1]), changed)).toBeUndefined();
    expect(seal.open(sealContext('final', [1]), sealed.subarray(0, i))).toBeUndefined();
  }
});

test('frames that were exchanged in the file are told as damage, and not sent', () => {
  const folder = join(directory, folderName(DEAD, STREAM));
  mkdirSync(folder);
  const bytes = seal.seal(sealContext('final', [1]), Buffer.from('one'));
  const foreign = encodeFrameHead('final', [2], bytes, true);
  writeFileSync(join(folder, '00000001.segment'), Buffer.concat([foreign, bytes]));
  expect(readAll(folder, seal)).toEqual({ texts: [], damaged: 1 });
});

test('an earlier version leaves it alone: to it, what says more than nothing is newer', () => {
  const head = encodeFrameHead('final', [], Buffer.from('x'), true);
  expect([head[5], isNewerFrame(head)]).toEqual([1, false]);
  head[5] = 2;
  expect(isNewerFrame(head)).toBe(true);
});

test('what the receiver refused is kept sealed as well', () => {
  new RejectedStore(directory, seal).keep(Buffer.from('alice'), '1-http-400-x');
  const [name = ''] = readdirSync(join(directory, 'rejected'));
  expect(name).toMatch(/\.otlp\.sealed$/);
  const bytes = readFileSync(join(directory, 'rejected', name));
  expect(bytes.includes('alice')).toBe(false);
  expect(seal.open(Buffer.from(name), bytes)?.toString()).toBe('alice');
});

test('the doctor counts what waits with the key, and says that it cannot without', () => {
  const file = join(directory, 'spool.key');
  writeFileSync(file, `${randomBytes(32).toString('base64')}\n`);
  writeSpool(new SpoolSeal(readSpoolKey(file)));
  const [known] = inspectSpool(directory, Date.now(), file).producers;
  expect([known?.state, known?.unsent.bytes, known?.damaged]).toEqual(['dead', SPANS.join('').length, 0]);
  expect(inspectSpool(directory, Date.now()).producers[0]?.state).toBe('sealed');
});

test.each(['', 'short', `${'A'.repeat(43)}=\nmore`, '!'.repeat(43)])(
  '%j is no key, and is not quoted',
  (text) => {
    const file = join(directory, 'spool.key');
    writeFileSync(file, text);
    expect(() => readSpoolKey(file)).toThrow('it does not hold the base64 of 32 bytes');
  },
);
