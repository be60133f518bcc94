import { Worker } from 'node:worker_threads';
import { TaskThread } from '../threads/task-thread.ts';
import { nodeFileSystem } from './file-system.ts';
import type { StoredFile } from './storage.ts';
import type { WholeFilesTask, WholeFilesThreadData } from './whole-files-messages.ts';
import { WholeFiles, type WholeFileWriter } from './whole-files.ts';

/** A call of {@link WholeFilesThread.put} with this many bytes starts the thread, if nothing else is asked for. */
export const THREAD_FROM_BYTES: number = 512 * 1024;

/**
 * {@link WholeFiles} in a thread of its own, started when there is much to write: with 1,024 callers it spares the thread
 * that appends a fifth of its time (docs/benchmarks.md).
 */
export class WholeFilesThread implements WholeFileWriter {
  readonly #threadFromBytes: number;
  readonly #thread: TaskThread<WholeFilesTask>;
  /** Does the work as long as there is no thread. */
  #local: WholeFiles;
  #threads = 0;

  /**
   * @param root exists, durably
   * @param threadFromBytes a put of this many bytes starts the thread
   * @param startWorker starts it; a test brings its own
   */
  constructor(
    root: string,
    threadFromBytes: number,
    startWorker: (data: WholeFilesThreadData) => Worker = startWholeFilesWorker,
  ) {
    this.#threadFromBytes = threadFromBytes;
    this.#local = new WholeFiles(nodeFileSystem, root, '');
    this.#thread = new TaskThread(
      'the thread that writes files',
      () => startWorker({ root, stagedPrefix: `thread-${this.#threads++}-` }),
      // A new one, which knows of no directory that the thread may have removed.
      () => (this.#local = new WholeFiles(nodeFileSystem, root, '')),
    );
  }

  async put(files: readonly StoredFile[]): Promise<void> {
    const sizeBytes = files.reduce((sum, { bytes }) => sum + bytes.length, 0);
    if (!this.#thread.isRunning && sizeBytes < this.#threadFromBytes) return await this.#local.put(files);
    const given: ArrayBuffer[] = [];
    await this.#thread.run({ kind: 'put', files: files.map((file) => give(file, given)) }, given);
  }

  async remove(names: readonly string[]): Promise<void> {
    if (!this.#thread.isRunning) return await this.#local.remove(names);
    await this.#thread.run({ kind: 'remove', names });
  }

  /** Ends the thread. Once it resolves nothing is written any more. */
  close(): Promise<void> {
    return this.#thread.close();
  }
}

/** A file for another thread, which may use what is shared where it is. */
function give({ name, bytes }: StoredFile, given: ArrayBuffer[]): StoredFile {
  if (bytes.buffer instanceof SharedArrayBuffer) return { name, bytes };
  // Copied, since it stays the caller's, and then given away: to have it cloned takes much longer.
  const copy = new Uint8Array(bytes);
  given.push(copy.buffer);
  return { name, bytes: copy };
}

function startWholeFilesWorker(workerData: WholeFilesThreadData): Worker {
  // As this file is run, built or as source, so is the thread's.
  const script = import.meta.url.endsWith('.ts')
    ? new URL('./whole-files-worker.ts', import.meta.url)
    : new URL('./whole-files-worker.js', import.meta.url);
  return new Worker(script, { workerData, name: 'spanledger-files' });
}
