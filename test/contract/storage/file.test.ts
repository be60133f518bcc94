import { fdatasyncSync, writeSync } from 'node:fs';
import { mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { expect, onTestFinished, test } from 'vitest';
import { nodeFileSystem } from '../../../packages/ledger/src/storage/file-system.ts';
import { type FileThreads, fileStorage } from '../../../packages/ledger/src/storage/file.ts';
import { WholeFilesThread } from '../../../packages/ledger/src/storage/whole-files-thread.ts';
import { scratchDirectory } from '../../support/ledger/scratch.ts';
import { describeStorage } from './suite.ts';

/** When other threads do the work. */
const NEVER: FileThreads = { putFromBytes: Infinity, appendFromBytes: Infinity };
const ALWAYS: FileThreads = { putFromBytes: 0, appendFromBytes: 0 };
const SOMETIMES: FileThreads = { putFromBytes: 20, appendFromBytes: 20 };

describeStorage('file', async () => fileStorage(await scratchDirectory(), nodeFileSystem, NEVER));
describeStorage('file, by its thread', async () =>
  fileStorage(await scratchDirectory(), nodeFileSystem, ALWAYS),
);
describeStorage('file, sometimes by its thread', async () =>
  fileStorage(await scratchDirectory(), nodeFileSystem, SOMETIMES),
);

test('what a crash left half written is cleared away, and nothing else', async () => {
  const directory = await scratchDirectory();
  for (const folder of ['.staging', 'ledger/.staging', 'ledger/tile', 'elsewhere']) {
    await mkdir(join(directory, folder), { recursive: true });
    await writeFile(join(directory, folder, '7'), 'half');
  }
  const storage = fileStorage(directory);
  const writable = await storage.lock('a test');
  onTestFinished(() => writable.release());
  expect(await readdir(join(directory, '.staging'))).toEqual([]);
  expect(await readdir(join(directory, 'ledger/.staging'))).toEqual([]);
  expect((await storage.read('ledger/tile/7'))?.toString()).toBe('half');
  expect((await storage.read('elsewhere/7'))?.toString()).toBe('half');
  expect(await storage.list('ledger')).toEqual(['tile/']);
});

test('a folder that is a link to another disk is written through, staging included', async () => {
  const [directory, other] = [await scratchDirectory(), await scratchDirectory()];
  await symlink(other, join(directory, 'ledger'));
  const writable = await fileStorage(directory).lock('a test');
  onTestFinished(() => writable.release());
  await writable.put([{ name: 'ledger/checkpoint', bytes: Buffer.from('note') }]);
  expect((await readdir(other)).sort()).toEqual(['.staging', 'checkpoint']);
});

test.each([NEVER, ALWAYS])(
  'a file where a folder should be, and a folder where a file should be',
  async (from) => {
    const directory = await scratchDirectory();
    const writable = await fileStorage(directory, nodeFileSystem, from).lock('a test');
    onTestFinished(() => writable.release());
    await writable.put([
      { name: 'a', bytes: Buffer.from('a') },
      { name: 'b/c', bytes: Buffer.from('c') },
    ]);
    expect(await writable.read('a/b')).toBeUndefined();
    expect(await writable.list('a')).toEqual([]);
    await expect(writable.read('b')).rejects.toMatchObject({ code: 'EISDIR' });
    await expect(writable.put([{ name: 'a/b', bytes: Buffer.from('b') }])).rejects.toMatchObject({
      code: 'ENOTDIR',
    });
    await expect(writable.put([{ name: 'b', bytes: Buffer.from('b') }])).rejects.toMatchObject({
      code: 'EISDIR',
    });
    expect(await readdir(join(directory, '.staging'))).toEqual([]);
  },
);

test('a thread that dies takes what it was doing with it, and the next call is served', async () => {
  const directory = await scratchDirectory();
  let starts = 0;
  const files = new WholeFilesThread(directory, ALWAYS.putFromBytes, () => {
    starts++;
    return new Worker(`require('node:worker_threads').parentPort.once('message', () => process.exit(1))`, {
      eval: true,
    });
  });
  const put = (name: string): Promise<void> => files.put([{ name, bytes: Buffer.from('a') }]);
  const results = await Promise.allSettled([put('a'), put('b'), files.remove(['c'])]);
  expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
  await expect(put('a')).rejects.toThrow('the thread that writes files ended');
  await files.remove(['a']);
  expect(starts).toBe(2);
  await files.close();
});

test('a folder that got empty and went is made again for whoever appends, or puts, below it', async () => {
  const writable = await fileStorage(await scratchDirectory(), nodeFileSystem, ALWAYS).lock('a test');
  onTestFinished(() => writable.release());
  const bytes = Buffer.from('a');
  for (let round = 0; round < 3; round++) {
    await writable.append('f/g/h', 0, [bytes]);
    await writable.put([{ name: 'f/g/i', bytes }]);
    await writable.remove(['f/g/h', 'f/g/i']);
    expect(await writable.list('f')).toEqual([]);
  }
});

test('another thread writes to a file that is lent, from where it is to end before to where it says', async () => {
  const writable = await fileStorage(await scratchDirectory(), nodeFileSystem, ALWAYS).lock('a test');
  onTestFinished(() => writable.release());
  const { lending } = writable;
  if (lending === undefined) throw new TypeError('this storage lends nothing');
  const lend = (position: number, text: string): Promise<void> =>
    lending.lend('f/g', position, async (fd) => {
      writeSync(fd, text, position);
      fdatasyncSync(fd);
      return position + text.length;
    });
  const content = async (): Promise<string> => String(await writable.read('f/g'));
  await lend(0, 'abc');
  await writable.append('f/g', 3, [Buffer.from('def')], 4096);
  await lend(6, 'ghi');
  expect((await content()).replace(/\0+$/, '')).toBe('abcdefghi');
  await writable.append('f/g', 9, [Buffer.from('j')]);
  expect(await content()).toBe('abcdefghij');
  // What is behind is cut off, as by an append.
  await lend(4, 'X');
  expect(await content()).toBe('abcdX');
  await expect(lend(9, 'Y')).rejects.toThrow('has 5 bytes, nothing can be appended at 9');
  await expect(lending.lend('../f', 0, async () => 0)).rejects.toThrow();
  await writable.remove(['f/g']);
  await expect(lend(3, 'Z')).rejects.toMatchObject({ code: 'ENOENT' });
});

test('what a thread failed to write is cut off by what is appended next', async () => {
  const writable = await fileStorage(await scratchDirectory(), nodeFileSystem, ALWAYS).lock('a test');
  onTestFinished(() => writable.release());
  const failing = writable.lending?.lend('f', 0, async (fd) => {
    writeSync(fd, 'half of it', 0);
    throw new Error('the thread ended');
  });
  await expect(failing).rejects.toThrow('the thread ended');
  await writable.append('f', 0, [Buffer.from('abc')]);
  expect(String(await writable.read('f'))).toBe('abc');
});
