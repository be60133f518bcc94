import { on, once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import type { FollowedLedger } from '@spanledger/ledger';
import type { Logger } from 'pino';
import type { DerivedDraft } from '../derived-draft.ts';
import type { DerivedRecords } from '../derived-records.ts';
import type { FollowerThreadData, FromThread, ToThread } from './messages.ts';
import { FollowerThreadError } from './problem.ts';

/** A thread that ended by itself is started again after this time. */
const RESTART_MS = 1000;

/** The young part of a thread's memory: more of it is hardly ever of use, and is never given back. */
const YOUNG_MB = 12;

/** The rest of it. Whoever needs more is ended, and begins anew. */
const OLD_MB = 384;

/** What the key of a rule may take, beyond those that have room in that. */
const KEYS_WITHIN = 100_000;
const BYTES_PER_KEY = 2048;

/** The scripts of the threads, beside this file. */
export type ThreadScript = 'alert-worker' | 'follower-worker';

/** Starts a thread; resolves once it is ready, rejects with its error if it never is. */
export type StartWorker = (script: ThreadScript, data: FollowerThreadData) => Promise<Worker>;

/** What a thread is started and told with. */
export interface LogThreadOptions<Report extends { kind: string }> {
  /** What it is called in the log. */
  title: string;
  script: ThreadScript;
  data: FollowerThreadData;
  ledger: FollowedLedger;
  log: Logger;
  startWorker: StartWorker;
  /** Told what the thread says, but for what all of them say. */
  onReport: (report: Exclude<Report, FromThread>) => void;
  /** Told that it ended; unless it was stopped it is started again. */
  onEnd: (error: Error) => void;
}

const COMMON: ReadonlySet<string> = new Set<FromThread['kind']>(['derived', 'drained', 'problem', 'ready']);

/**
 * A thread that follows the published log. Whatever happens to it, requests go on: it is started again, and takes up where
 * its databases say.
 */
export class LogThread<Command extends { kind: string }, Report extends { kind: string }> {
  readonly #options: LogThreadOptions<Report>;
  readonly #stop: AbortController = new AbortController();
  /** Undefined while it is being started again. */
  #worker: Worker | undefined;
  #restarting: Promise<void> = Promise.resolve();
  #telling: Promise<void> = Promise.resolve();
  #drained: PromiseWithResolvers<void> | undefined;
  #derived: DerivedRecords | undefined;

  private constructor(options: LogThreadOptions<Report>) {
    this.#options = options;
  }

  /** Starts the thread; resolves once its databases are there. */
  static async start<Command extends { kind: string }, Report extends { kind: string }>(
    options: LogThreadOptions<Report>,
  ): Promise<LogThread<Command, Report>> {
    const thread = new LogThread<Command, Report>(options);
    thread.#listen(await options.startWorker(options.script, options.data));
    thread.#telling = thread.#tellPublished();
    return thread;
  }

  /** @throws while the thread is being started again */
  demandRunning(): void {
    if (this.#worker === undefined) throw this.#ended();
  }

  tell(command: Command | ToThread): void {
    this.#worker?.postMessage(command);
  }

  /** From now on what its followers derive is appended there. */
  derive(derived: DerivedRecords): void {
    this.#derived = derived;
    this.#tellDerive();
  }

  /** Lets its followers reach the end of what is published, and follows no more. */
  async drain(): Promise<void> {
    if (this.#worker === undefined) return;
    this.#drained = Promise.withResolvers();
    this.tell({ kind: 'published', size: this.#options.ledger.sizes().published });
    this.tell({ kind: 'drain' });
    await this.#drained.promise;
  }

  /** Ends it. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await Promise.all([this.#telling, this.#restarting]);
    if (this.#worker === undefined) return;
    const gone = once(this.#worker, 'exit');
    this.tell({ kind: 'stop' });
    await gone;
  }

  #ended(): Error {
    return new Error(`${this.#options.title} ended`);
  }

  async #tellPublished(): Promise<void> {
    const { ledger } = this.#options;
    const { signal } = this.#stop;
    while (!signal.aborted) {
      const { published } = ledger.sizes();
      this.tell({ kind: 'published', size: published });
      await ledger.published(published + 1, signal).catch(() => undefined);
    }
  }

  /** To a thread that has just begun: it may only send once it has seen what became of all that was sent before it. */
  #tellDerive(): void {
    const worker = this.#worker;
    void this.#derived?.startingSize().then((from) => {
      if (this.#worker === worker) this.tell({ kind: 'derive', from });
    });
  }

  #append(drafts: DerivedDraft[]): void {
    const worker = this.#worker;
    void this.#derived?.take(drafts).then((answer) => {
      if (this.#worker === worker) this.tell({ kind: 'derived_settled', ...answer });
    });
  }

  #listen(worker: Worker): void {
    const { log, onEnd, onReport, title } = this.#options;
    this.#worker = worker;
    worker.on('message', (report: Exclude<Report, FromThread> | FromThread) => {
      if (isCommon(report)) this.#hear(report);
      else onReport(report);
    });
    worker.on('error', (error) => {
      log.error({ err: error }, `${title} failed`);
    });
    worker.once('exit', () => {
      this.#worker = undefined;
      onEnd(this.#ended());
      this.#drained?.resolve();
      if (!this.#stop.signal.aborted) this.#restarting = this.#restart();
    });
  }

  #hear(report: FromThread): void {
    switch (report.kind) {
      case 'ready':
        return;
      case 'drained':
        this.#drained?.resolve();
        return;
      case 'derived':
        this.#append(report.drafts);
        return;
      case 'problem':
        this.#options.log.error(
          { err: new FollowerThreadError(report.problem) },
          `${report.what} failed and is tried again`,
        );
    }
  }

  async #restart(): Promise<void> {
    const { data, ledger, log, script, startWorker, title } = this.#options;
    const { signal } = this.#stop;
    for (;;) {
      await delay(RESTART_MS, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) return;
      try {
        this.#listen(await startWorker(script, data));
        this.#tellDerive();
        this.tell({ kind: 'published', size: ledger.sizes().published });
        return;
      } catch (error) {
        log.error({ err: error }, `${title} did not start and is tried again`);
      }
    }
  }
}

/** Starts a thread of a script beside this file. */
export async function startLogWorker(script: ThreadScript, data: FollowerThreadData): Promise<Worker> {
  // As this file is run, built or as source, so is the thread's.
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  const keysMb = (Math.max(0, (data.alerts?.maxKeys ?? 0) - KEYS_WITHIN) * BYTES_PER_KEY) / 2 ** 20;
  const worker = new Worker(new URL(`./${script}.${extension}`, import.meta.url), {
    workerData: data,
    name: `spanledger-${script}`,
    resourceLimits: {
      maxYoungGenerationSizeMb: YOUNG_MB,
      maxOldGenerationSizeMb: Math.ceil(OLD_MB + keysMb),
    },
  });
  const early: { kind: string }[] = [];
  // If it fails before it is ready, this rejects with its error.
  for await (const messages of on(worker, 'message')) {
    const [message]: { kind: string }[] = messages;
    if (message?.kind === 'ready') break;
    if (message !== undefined) early.push(message);
  }
  // Whoever is given the thread listens by then.
  setImmediate(() => {
    for (const message of early) worker.emit('message', message);
  });
  return worker;
}

function isCommon(report: { kind: string }): report is FromThread {
  return COMMON.has(report.kind);
}
