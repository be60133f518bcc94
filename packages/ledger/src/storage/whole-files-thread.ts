import { Worker } from 'node:worker_threads';
import { nodeFileSystem } from './file-system.ts';
import type { StoredFile } from './storage.ts';
import type { WholeFilesOutcome, WholeFilesTask, WholeFilesThreadData } from './whole-files-messages.ts';
import { WholeFiles, type WholeFileWriter } from './whole-files.ts';

/** A call of {@link WholeFilesThread.put} with this many bytes starts the thread, if nothing else is asked for. */
export const THREAD_FROM_BYTES: number = 512 * 1024;

/**
 * {@link WholeFiles} in a thread of its own, started when there is much to write: with 1,024 callers it spares the thread
 * that appends a fifth of its time (docs/benchmarks.md).
 */
export class WholeFilesThread implements WholeFileWriter {
  readonly #root: string;
  readonly #threadFromBytes: number;
  readonly #startWorker: (data: WholeFilesThreadData) => Worker;
  #worker: Worker | undefined;
  /** Does the work as long as there is no thread. */
  #local: WholeFiles;
  readonly #pending = new Map<number, PromiseWithResolvers<void>>();
  #count = 0;
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
    this.#root = root;
    this.#threadFromBytes = threadFromBytes;
    this.#startWorker = startWorker;
    this.#local = new WholeFiles(nodeFileSystem, root, '');
  }

  async put(files: readonly StoredFile[]): Promise<void> {
    const sizeBytes = files.reduce((sum, { bytes }) => sum + bytes.length, 0);
    if (this.#worker === undefined && sizeBytes < this.#threadFromBytes) return await this.#local.put(files);
    const given: ArrayBuffer[] = [];
    const task = { kind: 'put', id: this.#count++, files: files.map((file) => give(file, given)) } as const;
    await this.#run(task, given);
  }

  async remove(names: readonly string[]): Promise<void> {
    if (this.#worker === undefined) return await this.#local.remove(names);
    await this.#run({ kind: 'remove', id: this.#count++, names });
  }

  /** Ends the thread. Once it resolves nothing is written any more. */
  async close(): Promise<void> {
    this.#worker?.ref();
    await this.#worker?.terminate();
  }

  #run(task: WholeFilesTask, given: ArrayBuffer[] = []): Promise<void> {
    const settled = Promise.withResolvers<void>();
    this.#worker ??= this.#start();
    // As long as somebody waits, and no longer, it keeps the process.
    if (this.#pending.size === 0) this.#worker.ref();
    this.#pending.set(task.id, settled);
    this.#worker.postMessage(task, given);
    return settled.promise;
  }

  #start(): Worker {
    const worker = this.#startWorker({ root: this.#root, stagedPrefix: `thread-${this.#threads++}-` });
    worker.on('message', (outcome: WholeFilesOutcome) => this.#settle(outcome));
    let failure: Error | undefined;
    worker.on('error', (error) => (failure = error));
    worker.on('exit', () => this.#end(failure));
    return worker;
  }

  #settle({ id, failure }: WholeFilesOutcome): void {
    const settled = this.#pending.get(id);
    this.#pending.delete(id);
    if (this.#pending.size === 0) this.#worker?.unref();
    if (failure === undefined) settled?.resolve();
    else settled?.reject(Object.assign(new Error(failure.message), failure));
  }

  /** The thread is gone: what it was doing may have been done or not. The next call with much to write starts another. */
  #end(cause: Error | undefined): void {
    this.#worker = undefined;
    // A new one, which knows of no directory that the thread may have removed.
    this.#local = new WholeFiles(nodeFileSystem, this.#root, '');
    const pending = [...this.#pending.values()];
    this.#pending.clear();
    for (const { reject } of pending) reject(new Error('the thread that writes files ended', { cause }));
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
