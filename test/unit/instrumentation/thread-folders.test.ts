import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import {
  adoptFolders,
  currentProcess,
  folderName,
  hasFolderOfThread,
  listFolders,
} from '../../../packages/instrumentation/src/spool/spool-directory.ts';
import { scratchDirectory } from '../../support/instrumentation/scratch.ts';

const STREAM = 'ab'.repeat(16);

test('a thread’s folder is taken over once the thread has ended, and not before', async () => {
  await using spool = await scratchDirectory();
  const main = currentProcess();
  const name = folderName(currentProcess(7), STREAM);
  expect(name).toBe(`${main.host}-${main.pid}.7-${main.start}-${STREAM}`);
  mkdirSync(join(spool.path, name));
  writeFileSync(join(spool.path, name, '00000001.segment'), '');
  expect(listFolders(spool.path)).toMatchObject([{ streamId: STREAM, writer: { pid: main.pid, thread: 7 } }]);
  expect([6, 7].map((thread) => hasFolderOfThread(spool.path, thread))).toEqual([false, true]);

  expect(adoptFolders(spool.path, main, Date.now()).adopted).toEqual([]);
  expect(adoptFolders(spool.path, main, Date.now(), new Set([6])).adopted).toEqual([]);
  expect(adoptFolders(spool.path, main, Date.now(), new Set([7])).adopted).toHaveLength(1);
  expect(readdirSync(spool.path)).toEqual([folderName(main, STREAM)]);
  expect(adoptFolders(spool.path, main, Date.now(), new Set([7])).adopted).toEqual([]);
});

test('a thread’s folder of a dead process is taken over by any process', async () => {
  await using spool = await scratchDirectory();
  const main = currentProcess();
  mkdirSync(join(spool.path, folderName({ ...main, start: main.start + 1, thread: 3 }, STREAM)));
  expect(adoptFolders(spool.path, main, Date.now()).adopted).toMatchObject([
    { streamId: STREAM, path: join(spool.path, folderName(main, STREAM)) },
  ]);
});
