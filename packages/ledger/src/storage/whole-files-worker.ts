// The thread that writes, replaces and removes whole files for the file driver.
import { parentPort, workerData } from 'node:worker_threads';
import { blockingFileSystem } from './blocking-file-system.ts';
import type { WholeFilesOutcome, WholeFilesTask, WholeFilesThreadData } from './whole-files-messages.ts';
import { WholeFiles } from './whole-files.ts';

const { root, stagedPrefix }: WholeFilesThreadData = workerData;
const files = new WholeFiles(blockingFileSystem, root, stagedPrefix);

parentPort?.on('message', (task: WholeFilesTask) => {
  const work = task.kind === 'put' ? files.put(task.files) : files.remove(task.names);
  const tell = (outcome: WholeFilesOutcome): void => parentPort?.postMessage(outcome);
  work.then(
    () => tell({ id: task.id }),
    (error: unknown) => tell({ id: task.id, failure: failureOf(error) }),
  );
});

function failureOf(error: unknown): { message: string; code?: string } {
  if (!(error instanceof Error)) return { message: String(error) };
  const code: unknown = Reflect.get(error, 'code');
  return typeof code === 'string' ? { message: error.message, code } : { message: error.message };
}
