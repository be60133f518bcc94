import { mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileStorage } from '@spanledger/ledger';
import { expect, onTestFinished, test } from 'vitest';
import { scratchDirectory } from '../../support/ledger/scratch.ts';
import { describeStorage } from './suite.ts';

describeStorage('file', async () => fileStorage(await scratchDirectory()));

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

test('a file where a folder should be, and a folder where a file should be', async () => {
  const directory = await scratchDirectory();
  const writable = await fileStorage(directory).lock('a test');
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
});
