import { on, once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import type { FollowedLedger } from '@spanledger/ledger';
import type { Logger } from 'pino';
import type { DerivedDraft } from '../derived-draft.ts';
import type { DerivedRecords } from '../derived-records.ts';
import type { TargetStatus } from '../notify/index.ts';
import type { IndexFollowerStatus, IndexNotice, IndexVerification } from '../search/elasticsearch/index.ts';
import { Calls } from './calls.ts';
import type { ErasureCounts } from './subject-eraser.ts';
import type { SubjectNames } from './subject-names.ts';
import {
  type ElasticsearchStatus,
  FollowerThreadError,
  type FollowerThreadData,
  type FromFollowers,
  type ToFollowers,
} from './messages.ts';

/** A thread that ended by itself is started again after this time. */
const RESTART_MS = 1000;

const ENDED = 'the thread of the followers ended';

/** What the thread is told of, and by whom. */
export interface FollowerThreadOptions extends FollowerThreadData {
  ledger: FollowedLedger;
  log: Logger;
}

/** What a step of an erasure did. */
export interface ErasureStep {
  /** They stand for nobody any more. */
  references: string[];
  counts?: ErasureCounts;
}

/** Starts a thread; resolves once it is ready, rejects with its error if it never is. */
export type StartWorker = (data: FollowerThreadData) => Promise<Worker>;

/**
 * The thread that follows the log for the index and the sessions, and moves openings into the vault. Whatever happens
 * to it, requests go on: it is started again, and takes up where its databases say.
 */
export class FollowerThread {
  readonly #options: FollowerThreadOptions;
  readonly #startWorker: StartWorker;
  readonly #stop: AbortController = new AbortController();
  /** Undefined while it is being started again. */
  #worker: Worker | undefined;
  #restarting: Promise<void> = Promise.resolve();
  #sealing: { segment: string; settled: PromiseWithResolvers<Uint8Array[]> } | undefined;
  #drained: PromiseWithResolvers<void> | undefined;
  #telling: Promise<void> = Promise.resolve();
  #indexStatus: IndexFollowerStatus | undefined;
  #alertsStatus: IndexFollowerStatus | undefined;
  #derived: DerivedRecords | undefined;
  #targets: readonly TargetStatus[] = [];
  readonly #erasing: Calls<ErasureStep> = new Calls(1);
  readonly #gathering: Calls<SubjectNames> = new Calls(0);
  readonly #mentioning: Calls<number[]> = new Calls(2);
  readonly #erasingDocuments: Calls<number | undefined> = new Calls(3);
  /** Told what each scheduled verification of the index in Elasticsearch found. */
  onIndexVerified: ((result: IndexVerification) => void) | undefined;

  private constructor(options: FollowerThreadOptions, startWorker: StartWorker) {
    this.#options = options;
    this.#startWorker = startWorker;
  }

  /**
   * Starts the thread; resolves once its databases are there.
   *
   * @param startWorker - starts a thread and resolves once it is ready; a test brings its own
   */
  static async start(
    options: FollowerThreadOptions,
    startWorker: StartWorker = startFollowerWorker,
  ): Promise<FollowerThread> {
    const thread = new FollowerThread(options, startWorker);
    thread.#listen(await startWorker(options));
    thread.#telling = thread.#tellPublished();
    return thread;
  }

  /** How the index in Elasticsearch is; undefined where there is none, or nothing was heard of it yet. */
  indexStatus(): ElasticsearchStatus | undefined {
    const [status, alerts] = [this.#indexStatus, this.#alertsStatus];
    return status && { ...status, ...(alerts !== undefined && { alerts }) };
  }

  /** How the targets of alerts are; none before anything was heard of them. */
  targetStatuses(): readonly TargetStatus[] {
    return this.#targets;
  }

  /**
   * Moves the openings of a closed journal segment into the vault; one at a time.
   *
   * @param end - the ledger index after its last entry
   * @returns once that is durable: the blind keys of the references that the vault learned
   */
  seal(segment: string, end: number): Promise<Uint8Array[]> {
    if (this.#worker === undefined) return Promise.reject(new Error(ENDED));
    const settled = Promise.withResolvers<Uint8Array[]>();
    this.#sealing?.settled.reject(new Error('another segment is to be sealed'));
    this.#sealing = { segment, settled };
    this.#tell({ kind: 'seal', segment, end });
    return settled.promise;
  }

  /**
   * Destroys the key of a subject and unlinks its references.
   *
   * @param reference - `audit.actor.id`
   * @returns the references that stand for nobody any more, once that is durable
   */
  async destroyKey(reference: string): Promise<string[]> {
    const { references } = await this.#call(this.#erasing, (call) => ({
      kind: 'destroy_key',
      call,
      reference,
    }));
    return references;
  }

  /**
   * Takes what is known of a subject's records out of vault, index and the other followers; its key is destroyed.
   *
   * @param mentions - records that name it beside its own, see {@link FollowerThread.mentions}
   * @param until - what every follower has to have taken in before: the ledger index after the subject's last record
   */
  erase(reference: string, mentions: number[], until: number): Promise<ErasureStep> {
    return this.#call(this.#erasing, (call) => ({ kind: 'erase', call, reference, mentions, until }));
  }

  /**
   * Takes its documents' opened groups out of Elasticsearch.
   *
   * @returns of how many; undefined where there is no Elasticsearch
   */
  eraseDocuments(reference: string, mentions: number[], until: number): Promise<number | undefined> {
    return this.#call(this.#erasingDocuments, (call) => {
      return { kind: 'erase_documents', call, reference, mentions, until };
    });
  }

  /** Ledger indexes of records that name a subject beside its own, while that can still be told. */
  mentions(reference: string, names: SubjectNames, until: number): Promise<number[]> {
    return this.#call(this.#mentioning, (call) => ({ kind: 'mentions', call, reference, names, until }));
  }

  /** What a subject is called in its records, once every follower has taken in so many entries. */
  gather(reference: string, until: number): Promise<SubjectNames> {
    return this.#call(this.#gathering, (call) => ({ kind: 'gather', call, reference, until }));
  }

  /** From now on what the followers derive is appended there. */
  derive(derived: DerivedRecords): void {
    this.#derived = derived;
    this.#tellDerive();
  }

  /** Lets the followers reach the end of what is published, and follows no more. */
  async drain(): Promise<void> {
    if (this.#worker === undefined) return;
    this.#drained = Promise.withResolvers();
    this.#tell({ kind: 'published', size: this.#options.ledger.sizes().published });
    this.#tell({ kind: 'drain' });
    await this.#drained.promise;
  }

  /** Ends the thread. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await Promise.all([this.#telling, this.#restarting]);
    if (this.#worker === undefined) return;
    const gone = once(this.#worker, 'exit');
    this.#tell({ kind: 'stop' });
    await gone;
  }

  #calls(): Pick<Calls<unknown>, 'failAll' | 'reject'>[] {
    return [this.#erasing, this.#gathering, this.#mentioning, this.#erasingDocuments];
  }

  #call<Answer>(calls: Calls<Answer>, question: (call: number) => ToFollowers): Promise<Answer> {
    if (this.#worker === undefined) return Promise.reject(new Error(ENDED));
    return calls.start((call) => {
      this.#tell(question(call));
    });
  }

  #tell(message: ToFollowers): void {
    this.#worker?.postMessage(message);
  }

  /** To a thread that has just begun: it may only send once it has seen what became of all that was sent before it. */
  #tellDerive(): void {
    const worker = this.#worker;
    void this.#derived?.startingSize().then((from) => {
      if (this.#worker === worker) this.#tell({ kind: 'derive', from });
    });
  }

  #append(drafts: DerivedDraft[]): void {
    const worker = this.#worker;
    void this.#derived?.take(drafts).then((isDurable) => {
      if (this.#worker === worker) this.#tell({ kind: 'derived_settled', isDurable });
    });
  }

  async #tellPublished(): Promise<void> {
    const { ledger } = this.#options;
    const { signal } = this.#stop;
    while (!signal.aborted) {
      const { published } = ledger.sizes();
      this.#tell({ kind: 'published', size: published });
      await ledger.published(published + 1, signal).catch(() => undefined);
    }
  }

  #listen(worker: Worker): void {
    this.#worker = worker;
    worker.on('message', (message: FromFollowers) => {
      this.#hear(message);
    });
    worker.on('error', (error) => {
      this.#options.log.error({ err: error }, 'the thread of the followers failed');
    });
    worker.once('exit', () => {
      this.#worker = undefined;
      this.#sealing?.settled.reject(new Error(ENDED));
      this.#sealing = undefined;
      for (const calls of this.#calls()) calls.failAll(new Error(ENDED));
      this.#drained?.resolve();
      if (!this.#stop.signal.aborted) this.#restarting = this.#restart();
    });
  }

  async #restart(): Promise<void> {
    const { signal } = this.#stop;
    for (;;) {
      await delay(RESTART_MS, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) return;
      try {
        this.#listen(await this.#startWorker(this.#options));
        this.#tellDerive();
        this.#tell({ kind: 'published', size: this.#options.ledger.sizes().published });
        return;
      } catch (error) {
        this.#options.log.error(
          { err: error },
          'the thread of the followers did not start and is tried again',
        );
      }
    }
  }

  #hear(message: FromFollowers): void {
    const { log } = this.#options;
    switch (message.kind) {
      case 'ready':
        return;
      case 'sealed':
        if (this.#sealing?.segment === message.segment) this.#sealing.settled.resolve(message.learned);
        return;
      case 'seal_failed':
        if (this.#sealing?.segment === message.segment) {
          this.#sealing.settled.reject(new FollowerThreadError(message.problem));
        }
        return;
      case 'erased':
        this.#erasing.resolve(message.call, message);
        return;
      case 'mentioned':
        this.#mentioning.resolve(message.call, message.indexes);
        return;
      case 'documents_erased':
        this.#erasingDocuments.resolve(message.call, message.documents);
        return;
      case 'gathered':
        this.#gathering.resolve(message.call, message.names);
        return;
      case 'erasure_failed':
        for (const calls of this.#calls())
          calls.reject(message.call, new FollowerThreadError(message.problem));
        return;
      case 'drained':
        this.#drained?.resolve();
        return;
      case 'derived':
        this.#append(message.drafts);
        return;
      case 'index_status':
        this.#hearIndexStatus(message.status);
        return;
      case 'alerts_index_status':
        this.#alertsStatus = message.status;
        return;
      case 'index_verified':
        this.onIndexVerified?.(message.result);
        return;
      case 'index_notice':
        log.warn(describeNotice(message.notice));
        return;
      case 'delivery_status':
        this.#hearTargets(message.statuses);
        return;
      case 'delivery_cut_back':
        log.warn(
          'the ledger is shorter than what alerts were delivered from: it was restored from an older copy, or cut back; alerts are delivered from its end on',
        );
        return;
      case 'problem':
        log.error(
          { err: new FollowerThreadError(message.problem) },
          `${message.what} failed and is tried again`,
        );
    }
  }

  #hearTargets(statuses: readonly TargetStatus[]): void {
    const { log } = this.#options;
    const before = new Map(this.#targets.map(({ name, trouble }) => [name, trouble]));
    this.#targets = statuses;
    for (const { name: target, trouble, waiting } of statuses) {
      if ((trouble === undefined) === (before.get(target) === undefined)) continue;
      if (trouble === undefined) log.info({ target, waiting }, 'delivering alerts goes on');
      else log.warn({ target, waiting, reason: trouble }, 'delivering alerts failed and is tried again');
    }
  }

  #hearIndexStatus(status: IndexFollowerStatus): void {
    const { log } = this.#options;
    const before = this.#indexStatus?.trouble?.code;
    this.#indexStatus = status;
    const { trouble, position, deadLetters } = status;
    if (trouble?.code === before) return;
    if (trouble === undefined) log.info({ position, deadLetters }, 'indexing into Elasticsearch goes on');
    else {
      const { code, message, hint } = trouble;
      log.warn({ code, hint, position }, `indexing into Elasticsearch waits and is tried again: ${message}`);
    }
  }
}

/** Says what happened to the index in Elasticsearch. */
function describeNotice(notice: IndexNotice): string {
  if (notice.kind === 'begun_anew') {
    return `everything is indexed into Elasticsearch anew: ${notice.because}`;
  }
  const { position, size } = notice;
  return `the index in Elasticsearch has taken in ${position} records, the ledger has ${size}: the ledger was restored from an older copy, or cut back`;
}

async function startFollowerWorker({
  dataDirectory,
  environmentKek,
  sessions,
  elasticsearch,
  alerts,
  deliver = [],
  completeness,
}: FollowerThreadData): Promise<Worker> {
  const workerData: FollowerThreadData = {
    dataDirectory,
    environmentKek,
    sessions,
    elasticsearch,
    deliver,
    completeness,
    ...(alerts !== undefined && { alerts }),
  };
  // As this file is run, built or as source, so is the thread's.
  const script = import.meta.url.endsWith('.ts')
    ? new URL('./follower-worker.ts', import.meta.url)
    : new URL('./follower-worker.js', import.meta.url);
  const worker = new Worker(script, { workerData });
  const early: FromFollowers[] = [];
  // If it fails before it is ready, this rejects with its error.
  for await (const messages of on(worker, 'message')) {
    const [message]: FromFollowers[] = messages;
    if (message?.kind === 'ready') break;
    if (message !== undefined) early.push(message);
  }
  // Whoever is given the thread listens by then.
  setImmediate(() => {
    for (const message of early) worker.emit('message', message);
  });
  return worker;
}
