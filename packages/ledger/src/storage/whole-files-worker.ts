// The thread that writes, replaces and removes whole files for the file driver.
import { parentPort, workerData } from 'node:worker_threads';
import { failureOf, type NumberedTask, type TaskOutcome } from '../threads/task-outcome.ts';
import { blockingFileSystem } from './blocking-file-system.ts';
import type { WholeFilesTask, WholeFilesThreadData } from './whole-files-messages.ts';
import { WholeFiles } from './whole-files.ts';

const { root, stagedPrefix }: WholeFilesThreadData = workerData;
const files = new WholeFiles(blockingFileSystem, root, stagedPrefix);

parentPort?.on('message', ({ id, task }: NumberedTask<WholeFilesTask>) => {
  const work = task.kind === 'put' ? files.put(task.files) : files.remove(task.names);
  const tell = (outcome: TaskOutcome): void => parentPort?.postMessage(outcome);
  work.then(
    () => tell({ id }),
    (error: unknown) => tell({ id, failure: failureOf(error) }),
  );
});
