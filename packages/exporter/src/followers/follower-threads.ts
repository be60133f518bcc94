import type { FollowedLedger } from '@spanledger/ledger';
import type { Logger } from 'pino';
import type { DerivedRecords } from '../derived-records.ts';
import type { TargetStatus } from '../notify/index.ts';
import type { IndexVerification } from '../search/elasticsearch/index.ts';
import { AlertThread } from './alert-thread.ts';
import { type ErasureStep, FollowerThread } from './follower-thread.ts';
import { FollowerStatus } from './follower-status.ts';
import { startLogWorker, type StartWorker } from './log-thread.ts';
import type { ElasticsearchStatus, FollowerThreadData } from './messages.ts';
import type { RetentionAnswer, RetentionQuestion } from './retention-messages.ts';
import type { SubjectNames } from './subject-names.ts';

/** What the threads are told of, and by whom. */
export interface FollowerThreadsOptions {
  data: FollowerThreadData;
  ledger: FollowedLedger;
  log: Logger;
}

/** The threads that follow the log: one for the rules of alerts and their delivery, one for everything else. */
export class FollowerThreads {
  readonly #status: FollowerStatus;
  readonly #followers: FollowerThread;
  /** Undefined where there is nothing to look for and nobody to tell. */
  readonly #alerts: AlertThread | undefined;

  private constructor(status: FollowerStatus, followers: FollowerThread, alerts: AlertThread | undefined) {
    this.#status = status;
    this.#followers = followers;
    this.#alerts = alerts;
  }

  /**
   * Starts the threads; resolves once their databases are there.
   *
   * @param startWorker - starts a thread and resolves once it is ready; a test brings its own
   */
  static async start(
    { data, ledger, log }: FollowerThreadsOptions,
    startWorker: StartWorker = startLogWorker,
  ): Promise<FollowerThreads> {
    const status = new FollowerStatus(log);
    const options = { data, ledger, log, startWorker };
    const hasAlerts = data.alerts?.isEnabled === true || (data.deliver?.length ?? 0) > 0;
    // Side by side: most of what a start takes is loading code, in each thread anew.
    const [followers, alerts] = await Promise.allSettled([
      FollowerThread.start(options, status),
      hasAlerts ? AlertThread.start(options, status) : undefined,
    ]);
    if (followers.status === 'fulfilled' && alerts.status === 'fulfilled') {
      return new FollowerThreads(status, followers.value, alerts.value);
    }
    for (const started of [followers, alerts]) {
      if (started.status === 'fulfilled') await started.value?.thread.stop();
    }
    const failed = [followers, alerts].find((started) => started.status === 'rejected');
    throw failed?.reason;
  }

  /** Is told what each scheduled verification of the index in Elasticsearch found. */
  set onIndexVerified(hear: (result: IndexVerification) => void) {
    this.#followers.onIndexVerified = hear;
  }

  /** How the index in Elasticsearch is; undefined where there is none, or nothing was heard of it yet. */
  indexStatus(): ElasticsearchStatus | undefined {
    return this.#status.index;
  }

  /** How the targets of alerts are; none before anything was heard of them. */
  targetStatuses(): readonly TargetStatus[] {
    return this.#status.targets;
  }

  /** See {@link FollowerThread.seal}. */
  seal(segment: string, end: number): Promise<Uint8Array[]> {
    return this.#followers.seal(segment, end);
  }

  /** See {@link FollowerThread.destroyKey}. */
  destroyKey(reference: string): Promise<string[]> {
    return this.#followers.destroyKey(reference);
  }

  /**
   * Takes what is known of a subject's records out of vault, index and the other followers; its key is destroyed.
   *
   * @param mentions - records that name it beside its own, see {@link FollowerThreads.mentions}
   * @param names - what it is called, see {@link FollowerThreads.gather}
   * @param until - what every follower has to have taken in before: the ledger index after the subject's last record
   */
  async erase(
    reference: string,
    mentions: number[],
    names: SubjectNames,
    until: number,
  ): Promise<ErasureStep> {
    await this.#alerts?.reached(until);
    const step = await this.#followers.erase(reference, mentions, names, until);
    await this.#alerts?.settleErasure(until, step.references, names);
    return step;
  }

  /** See {@link FollowerThread.eraseDocuments}. */
  eraseDocuments(reference: string, mentions: number[], until: number): Promise<number | undefined> {
    return this.#followers.eraseDocuments(reference, mentions, until);
  }

  /** Ledger indexes of records that name a subject beside its own, while that can still be told. */
  async mentions(reference: string, names: SubjectNames, until: number): Promise<number[]> {
    await this.#alerts?.reached(until);
    return await this.#followers.mentions(reference, names, until);
  }

  /** What a subject is called in its records, once every follower has taken in so many entries. */
  async gather(reference: string, until: number): Promise<SubjectNames> {
    await this.#alerts?.reached(until);
    return await this.#followers.gather(reference, until);
  }

  /**
   * Purges, or says what would be purged.
   *
   * @param until - what every follower has to have taken in before anything is: what is purged cannot be read again
   */
  async retention(question: RetentionQuestion, until: number): Promise<RetentionAnswer> {
    if (question.ask !== 'step') return await this.#followers.retention(question, 0);
    await this.#alerts?.reached(until);
    return await this.#followers.retention(question, until);
  }

  /** From now on what the followers derive is appended there. */
  derive(derived: DerivedRecords): void {
    this.#followers.thread.derive(derived);
    this.#alerts?.thread.derive(derived);
  }

  /** Lets the followers reach the end of what is published, and follows no more. */
  async drain(): Promise<void> {
    await Promise.all([this.#followers.thread.drain(), this.#alerts?.thread.drain()]);
  }

  /** Ends the threads. */
  async stop(): Promise<void> {
    await Promise.all([this.#followers.thread.stop(), this.#alerts?.thread.stop()]);
  }
}
