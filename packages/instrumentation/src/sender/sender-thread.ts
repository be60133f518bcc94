import { Worker } from 'node:worker_threads';
import { SpoolCounters } from '../spool/spool-counters.ts';
import type { SpoolPosition } from '../spool/spool-position.ts';
import { describeError, warnOnce } from '../warning.ts';
import type { FromSender, SenderData, ToSender } from './messages.ts';

/** A sender that died is started again after this long, at most {@link MAX_RESTARTS} times. */
export const RESTART_AFTER_MS = 5_000;
export const MAX_RESTARTS = 100;

/** What the application's thread hears from its sender. */
export interface SenderEvents {
  /** A request was answered, or given up with this error. */
  readonly onAttempt: (durationMs: number, error: string | undefined) => void;
}

/**
 * The sender as the application's thread sees it. It runs in a worker with a module graph of its own, so that nothing
 * of the application's instrumentation applies to it and it never competes for the application's event loop.
 */
export class SenderThread {
  #data: SenderData;
  readonly #events: SenderEvents;
  readonly #counters: SpoolCounters;
  #worker: Worker | undefined;
  #restarts = 0;
  #confirmed: SpoolPosition | undefined;
  #onNews: (() => void) | undefined;
  #unreachable = false;

  constructor(data: SenderData, events: SenderEvents) {
    this.#data = data;
    this.#events = events;
    this.#counters = new SpoolCounters(data.counters);
  }

  /** Up to where the live folder has arrived. */
  get confirmed(): SpoolPosition | undefined {
    return this.#confirmed;
  }

  /** Starts the thread if it does not run. */
  start(): void {
    if (this.#worker !== undefined || this.#restarts > MAX_RESTARTS) return;
    try {
      const worker = new Worker(new URL('./worker.js', import.meta.url), {
        name: 'spanledger-sender',
        workerData: this.#data,
        // Without these the worker would run the application's --import flags, and instrument itself.
        execArgv: [],
        env: withoutNodeOptions(process.env),
      });
      this.#worker = worker;
      worker.on('message', (message: FromSender) => {
        this.#receive(message);
      });
      worker.on('error', (error) => {
        this.#warnAboutStart(error);
      });
      worker.on('exit', () => {
        this.#worker = undefined;
        this.#restart();
      });
      // The application ends when it has nothing left to do; what is unsent waits in the spool.
      worker.unref();
    } catch (error) {
      this.#warnAboutStart(error);
    }
  }

  #warnAboutStart(error: unknown): void {
    warnOnce(
      'SPANLEDGER_SENDER_FAILED',
      `Spanledger's sender stopped (${describeError(error)}). Records are kept in the spool directory.`,
    );
  }

  #restart(): void {
    this.#onNews?.();
    this.#restarts += 1;
    setTimeout(() => {
      this.start();
    }, RESTART_AFTER_MS).unref();
  }

  /** Something was appended to the live folder. */
  notify(): void {
    if (this.#worker !== undefined && this.#counters.takeSenderIdle()) this.#post({ kind: 'appended' });
  }

  #post(message: ToSender): void {
    this.#worker?.postMessage(message);
  }

  /** A worker thread of the application has ended, and has left a folder. */
  adoptFromThread(thread: number): void {
    this.start();
    const message: ToSender = { kind: 'thread_ended', thread };
    this.#worker?.postMessage(message);
  }

  /** Whether a worker is this sender. */
  isWorker(worker: Worker): boolean {
    return worker === this.#worker;
  }

  #receive(message: FromSender): void {
    switch (message.kind) {
      case 'progress':
        this.#confirmed = message.confirmed;
        this.#unreachable = false;
        break;
      case 'attempt':
        this.#events.onAttempt(message.durationMs, message.error);
        return;
      case 'adopted':
        this.#data = { ...this.#data, resume: [...this.#data.resume, ...message.folders] };
        return;
      case 'unreachable':
        this.#unreachable = true;
        break;
      case 'warning':
        warnOnce(message.code, message.message);
        break;
    }
    this.#onNews?.();
  }

  /**
   * Keeps the process alive until everything up to `position` has arrived, the receiver turns out to be away, or time
   * is up.
   *
   * @param position - End of what should arrive.
   * @param timeoutMs - The longest wait.
   */
  async settle(position: SpoolPosition, timeoutMs: number): Promise<void> {
    const worker = this.#worker;
    if (worker === undefined || timeoutMs === 0 || this.hasArrived(position)) return;
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const timer = setTimeout(() => {
      resolve(undefined);
    }, timeoutMs);
    this.#onNews = () => {
      if (this.#unreachable || this.#worker === undefined || this.hasArrived(position)) resolve(undefined);
    };
    this.#post({ kind: 'hurry' });
    await promise;
    this.#onNews = undefined;
    clearTimeout(timer);
  }

  /** Whether everything before `position` has arrived. */
  hasArrived(position: SpoolPosition): boolean {
    const confirmed = this.#confirmed;
    if (confirmed === undefined) return false;
    return confirmed.segment === position.segment && confirmed.offset === position.offset;
  }
}

function withoutNodeOptions(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const { NODE_OPTIONS: _, ...rest } = env;
  return rest;
}
