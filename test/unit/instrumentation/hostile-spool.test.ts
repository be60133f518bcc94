import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  MAX_REJECTED_BYTES,
  RejectedStore,
} from '../../../packages/instrumentation/src/sender/rejected-store.ts';
import { encodeFrameHead } from '../../../packages/instrumentation/src/spool/frame.ts';
import { readLosses } from '../../../packages/instrumentation/src/spool/loss-file.ts';
import {
  adoptFolders,
  currentProcess,
  folderName,
  isOfNewerVersion,
} from '../../../packages/instrumentation/src/spool/spool-directory.ts';
import { readPosition, writePosition } from '../../../packages/instrumentation/src/spool/spool-position.ts';
import { SpoolReader } from '../../../packages/instrumentation/src/spool/spool-reader.ts';

let directory = '';
let folder = '';
/** Where nothing may be changed. */
let elsewhere = '';
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'spanledger-hostile-'));
  folder = join(directory, folderName({ ...currentProcess(), pid: 2 ** 30 }, 'ab'.repeat(16)));
  elsewhere = join(directory, 'elsewhere');
  mkdirSync(folder);
  mkdirSync(elsewhere);
  writeFileSync(join(elsewhere, 'file'), 'precious');
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const OTHER_USER = 12_345;

test('pipes are not waited at', () => {
  for (const name of ['00000001.segment', 'position.json', 'losses.json']) {
    execFileSync('mkfifo', [join(folder, name)]);
  }
  const reader = new SpoolReader(folder, false, () => undefined);
  expect(reader.next(1e6)).toBeUndefined();
  expect(reader.unreadable).toBe(true);
  expect(isOfNewerVersion(folder)).toBe(false);
  expect(readPosition(folder)).toEqual({ segment: 1, offset: 0 });
  expect(readLosses(folder)).toBeUndefined();
});

test('links are not followed', () => {
  symlinkSync(join(elsewhere, 'file'), join(folder, 'position.json'));
  writePosition(folder, { segment: 2, offset: 3 });
  symlinkSync(elsewhere, join(directory, 'rejected'));
  truncateSync(join(elsewhere, 'file'), MAX_REJECTED_BYTES + 1);
  expect(new RejectedStore(directory).keep(Buffer.from('x'), '1-http-400-1')).toBeUndefined();
  expect(readdirSync(elsewhere)).toEqual(['file']);
  expect(readFileSync(join(elsewhere, 'file'), 'utf8')).toMatch(/^precious/);
});

test('in the folder of what was refused, only what we put there is removed', () => {
  const rejected = join(directory, 'rejected');
  mkdirSync(rejected);
  for (const name of ['0-notes', '1-http-400-1-000001.otlp']) {
    writeFileSync(join(rejected, name), '');
    truncateSync(join(rejected, name), MAX_REJECTED_BYTES);
  }
  expect(new RejectedStore(directory).keep(Buffer.from('x'), '2-http-400-1')).toBe(true);
  expect(readdirSync(rejected).toSorted()).toEqual(['0-notes', '2-http-400-1-000001.otlp']);
});

test('a segment that no writer can have made is not read into memory', () => {
  writeFileSync(join(folder, '00000001.segment'), '');
  truncateSync(join(folder, '00000001.segment'), 2 ** 30);
  const reader = new SpoolReader(folder, false, () => undefined);
  expect(reader.next(1e6)).toBeUndefined();
  expect(reader.unreadable).toBe(true);
});

test.skipIf(process.geteuid?.() !== 0)('where everybody may write, what others put there is not sent', () => {
  chownSync(folder, OTHER_USER, OTHER_USER);
  chmodSync(directory, 0o777);
  const owner = currentProcess();
  expect(adoptFolders(directory, owner, Date.now())).toEqual({
    adopted: [],
    newer: 0,
    sealed: 0,
    foreign: 1,
  });
  chmodSync(directory, 0o700);
  expect(adoptFolders(directory, owner, Date.now())).toMatchObject({ adopted: [{}], foreign: 0 });
});

test('a link to a folder is not taken over', () => {
  const name = folderName({ ...currentProcess(), pid: 2 ** 30 }, 'cd'.repeat(16));
  symlinkSync(elsewhere, join(directory, name));
  const { adopted, foreign } = adoptFolders(directory, currentProcess(), Date.now());
  expect(adopted.map(({ streamId }) => streamId)).toEqual(['ab'.repeat(16)]);
  expect(foreign).toBe(1);
});

test('what a caller put into an attribute is never taken for a frame, wherever the process died', () => {
  const forged = Buffer.from('forged');
  const embedded = Buffer.concat([encodeFrameHead('final', [], forged), forged]);
  const payload = Buffer.concat([Buffer.from('genuine '), embedded, embedded, Buffer.from(' and more')]);
  const whole = Buffer.concat([encodeFrameHead('final', [], payload), payload]);
  const boundaries = new Set([1, 2].map((count) => 16 + 'genuine '.length + count * embedded.length));
  for (let cut = 1; cut < whole.length; cut++) {
    // Where the tear is at the very end of a forged frame it looks like a damaged length before the last frames.
    if (boundaries.has(cut)) continue;
    writeFileSync(join(folder, '00000001.segment'), whole.subarray(0, cut));
    expect(new SpoolReader(folder, false, () => undefined).next(1e6), `cut at ${cut}`).toBeUndefined();
  }
  const damaged = Buffer.from(whole);
  damaged.writeUInt32LE(1_000_000, 8);
  const last = Buffer.concat([encodeFrameHead('final', [], Buffer.from('last')), Buffer.from('last')]);
  writeFileSync(join(folder, '00000001.segment'), Buffer.concat([damaged.subarray(0, 30), last, last]));
  const batch = new SpoolReader(folder, false, () => undefined).next(1e6);
  expect(batch?.payloads.map(String), 'what follows a damaged length is found').toEqual(['last', 'last']);
});
