import type { Worker } from 'node:worker_threads';
import type { TaskOutcome } from './task-outcome.ts';

/**
 * A thread that does tasks, in order, and tells what became of each. It is started with the first, keeps the process as
 * long as somebody waits for it, and is started again by the first task after it ended.
 */
export class TaskThread<Task> {
  readonly #name: string;
  readonly #startWorker: () => Worker;
  readonly #onEnd: () => void;
  readonly #pending = new Map<number, PromiseWithResolvers<void>>();
  #worker: Worker | undefined;
  #count = 0;

  /**
   * @param name what it is called in the error of those who waited when it ended
   * @param startWorker starts it; it answers each {@link NumberedTask} with a {@link TaskOutcome}
   * @param onEnd called when it has ended, before those who wait are told
   */
  constructor(name: string, startWorker: () => Worker, onEnd: () => void = () => undefined) {
    this.#name = name;
    this.#startWorker = startWorker;
    this.#onEnd = onEnd;
  }

  /** Whether it is running. */
  get isRunning(): boolean {
    return this.#worker !== undefined;
  }

  /**
   * Has a task done; resolves once it is, and rejects if it failed. If the thread ends before, it may have been done or not.
   *
   * @param given what the task holds that becomes the thread's own
   */
  run(task: Task, given: ArrayBuffer[] = []): Promise<void> {
    const settled = Promise.withResolvers<void>();
    this.#worker ??= this.#start();
    if (this.#pending.size === 0) this.#worker.ref();
    const id = this.#count++;
    this.#pending.set(id, settled);
    this.#worker.postMessage({ id, task }, given);
    return settled.promise;
  }

  /** Ends it. Once it resolves it does nothing any more. */
  async close(): Promise<void> {
    this.#worker?.ref();
    await this.#worker?.terminate();
  }

  #start(): Worker {
    const worker = this.#startWorker();
    worker.on('message', (outcome: TaskOutcome) => this.#settle(outcome));
    let failure: Error | undefined;
    worker.on('error', (error) => (failure = error));
    worker.on('exit', () => this.#end(failure));
    return worker;
  }

  #settle({ id, failure }: TaskOutcome): void {
    const settled = this.#pending.get(id);
    this.#pending.delete(id);
    if (this.#pending.size === 0) this.#worker?.unref();
    if (failure === undefined) settled?.resolve();
    else settled?.reject(Object.assign(new Error(failure.message), failure));
  }

  #end(cause: Error | undefined): void {
    this.#worker = undefined;
    this.#onEnd();
    const pending = [...this.#pending.values()];
    this.#pending.clear();
    for (const { reject } of pending) reject(new Error(`${this.#name} ended`, { cause }));
  }
}
