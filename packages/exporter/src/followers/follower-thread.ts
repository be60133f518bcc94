import type { IndexVerification } from '../search/elasticsearch/index.ts';
import { Calls } from './calls.ts';
import type { FollowerStatus } from './follower-status.ts';
import { LogThread, type LogThreadOptions } from './log-thread.ts';
import type { FromFollowers, FromThread, ToFollowers } from './messages.ts';
import { FollowerThreadError } from './problem.ts';
import type { RetentionAnswer, RetentionQuestion } from './retention-messages.ts';
import type { ErasureCounts } from './subject-eraser.ts';
import type { SubjectNames } from './subject-names.ts';

/** What a step of an erasure did. */
export interface ErasureStep {
  /** They stand for nobody any more. */
  references: string[];
  counts?: ErasureCounts;
}

type StartOptions = Pick<LogThreadOptions<FromFollowers>, 'data' | 'ledger' | 'log' | 'startWorker'>;

/** The thread that follows the log for index, sessions and completeness, and moves openings into the vault. */
export class FollowerThread {
  #thread: LogThread<ToFollowers, FromFollowers> | undefined;
  readonly #status: FollowerStatus;
  #sealing: { segment: string; settled: PromiseWithResolvers<Uint8Array[]> } | undefined;
  readonly #erasing: Calls<ErasureStep> = new Calls(1);
  readonly #gathering: Calls<SubjectNames> = new Calls(0);
  readonly #mentioning: Calls<number[]> = new Calls(2);
  readonly #erasingDocuments: Calls<number | undefined> = new Calls(3);
  readonly #retention: Calls<RetentionAnswer> = new Calls(4);
  /** Told what each scheduled verification of the index in Elasticsearch found. */
  onIndexVerified: ((result: IndexVerification) => void) | undefined;

  private constructor(status: FollowerStatus) {
    this.#status = status;
  }

  /** Starts the thread; resolves once its databases are there. */
  static async start(options: StartOptions, status: FollowerStatus): Promise<FollowerThread> {
    const followers = new FollowerThread(status);
    followers.#thread = await LogThread.start({
      ...options,
      title: 'the thread of the followers',
      script: 'follower-worker',
      onReport: (report) => {
        followers.#hear(report);
      },
      onEnd: (error) => {
        followers.#fail(error);
      },
    });
    return followers;
  }

  /** The thread itself. */
  get thread(): LogThread<ToFollowers, FromFollowers> {
    if (this.#thread === undefined) throw new TypeError('the thread was not started');
    return this.#thread;
  }

  /**
   * Moves the openings of a closed journal segment into the vault; one at a time.
   *
   * @param end - the ledger index after its last entry
   * @returns once that is durable: the blind keys of the references that the vault learned
   */
  async seal(segment: string, end: number): Promise<Uint8Array[]> {
    this.thread.demandRunning();
    const settled = Promise.withResolvers<Uint8Array[]>();
    this.#sealing?.settled.reject(new Error('another segment is to be sealed'));
    this.#sealing = { segment, settled };
    this.thread.tell({ kind: 'seal', segment, end });
    return await settled.promise;
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
   * @param names - what it is called, see {@link FollowerThread.gather}
   * @param until - what every follower has to have taken in before: the ledger index after the subject's last record
   */
  erase(reference: string, mentions: number[], names: SubjectNames, until: number): Promise<ErasureStep> {
    return this.#call(this.#erasing, (call) => ({ kind: 'erase', call, reference, mentions, names, until }));
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

  /** What a subject is called in its records, once these followers have taken in so many entries. */
  gather(reference: string, until: number): Promise<SubjectNames> {
    return this.#call(this.#gathering, (call) => ({ kind: 'gather', call, reference, until }));
  }

  /** Purges, or says what would be purged, once these followers have taken in so many entries. */
  retention(question: RetentionQuestion, until: number): Promise<RetentionAnswer> {
    return this.#call(this.#retention, (call) => ({ kind: 'retention', call, until, ...question }));
  }

  async #call<Answer>(calls: Calls<Answer>, question: (call: number) => ToFollowers): Promise<Answer> {
    this.thread.demandRunning();
    return await calls.start((call) => {
      this.thread.tell(question(call));
    });
  }

  #calls(): Pick<Calls<unknown>, 'failAll' | 'reject'>[] {
    return [this.#erasing, this.#gathering, this.#mentioning, this.#erasingDocuments, this.#retention];
  }

  #fail(error: Error): void {
    this.#sealing?.settled.reject(error);
    this.#sealing = undefined;
    for (const calls of this.#calls()) calls.failAll(error);
  }

  #hear(report: Exclude<FromFollowers, FromThread>): void {
    switch (report.kind) {
      case 'sealed':
        if (this.#sealing?.segment === report.segment) this.#sealing.settled.resolve(report.learned);
        return;
      case 'seal_failed':
        if (this.#sealing?.segment === report.segment) {
          this.#sealing.settled.reject(new FollowerThreadError(report.problem));
        }
        return;
      case 'erased':
        this.#erasing.resolve(report.call, report);
        return;
      case 'mentioned':
        this.#mentioning.resolve(report.call, report.indexes);
        return;
      case 'documents_erased':
        this.#erasingDocuments.resolve(report.call, report.documents);
        return;
      case 'gathered':
        this.#gathering.resolve(report.call, report.names);
        return;
      case 'retention_answered':
        this.#retention.resolve(report.call, report.answer);
        return;
      case 'erasure_failed':
        for (const calls of this.#calls()) calls.reject(report.call, new FollowerThreadError(report.problem));
        return;
      case 'index_status':
        this.#status.hearIndex(report.status);
        return;
      case 'alerts_index_status':
        this.#status.hearAlertsIndex(report.status);
        return;
      case 'index_verified':
        this.onIndexVerified?.(report.result);
        return;
      case 'index_notice':
        this.#status.hearNotice(report.notice);
    }
  }
}
