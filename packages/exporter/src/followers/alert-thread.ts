import { Calls } from './calls.ts';
import type { FollowerStatus } from './follower-status.ts';
import { LogThread, type LogThreadOptions } from './log-thread.ts';
import type { FromAlerts, FromThread, ToAlerts } from './messages.ts';
import { FollowerThreadError } from './problem.ts';
import type { SubjectNames } from './subject-names.ts';

/**
 * The thread that holds records against the rules and delivers alerts. It is one of its own, so that an alert waits for no
 * search index, however much there is to be indexed.
 */
export class AlertThread {
  readonly thread: LogThread<ToAlerts, FromAlerts>;
  readonly #calls: Calls<void>;

  private constructor(thread: LogThread<ToAlerts, FromAlerts>, calls: Calls<void>) {
    this.thread = thread;
    this.#calls = calls;
  }

  /** Starts the thread; resolves once its databases are there. */
  static async start(
    options: Pick<LogThreadOptions<FromAlerts>, 'data' | 'ledger' | 'log' | 'startWorker'>,
    status: FollowerStatus,
  ): Promise<AlertThread> {
    const calls = new Calls<void>(0);
    const hear = (report: Exclude<FromAlerts, FromThread>): void => {
      switch (report.kind) {
        case 'reached':
          calls.resolve(report.call);
          return;
        case 'reach_failed':
          calls.reject(report.call, new FollowerThreadError(report.problem));
          return;
        case 'delivery_status':
          status.hearTargets(report.statuses);
          return;
        case 'delivery_cut_back':
          status.hearCutBack();
      }
    };
    const thread = await LogThread.start<ToAlerts, FromAlerts>({
      ...options,
      title: 'the thread of the alerts',
      script: 'alert-worker',
      onReport: hear,
      onEnd: (error) => {
        calls.failAll(error);
      },
    });
    return new AlertThread(thread, calls);
  }

  /** Resolves once so many entries are taken in. */
  async reached(until: number): Promise<void> {
    await this.#call((call) => ({ kind: 'reach', call, until }));
  }

  /**
   * Somebody was erased: once so many entries are taken in, sees to it that nothing is left of that.
   *
   * @param references - they stand for nobody any more
   * @param names - what they were called
   */
  async settleErasure(until: number, references: string[], names: SubjectNames): Promise<void> {
    await this.#call((call) => ({ kind: 'settle_erasure', call, until, references, names }));
  }

  async #call(question: (call: number) => ToAlerts): Promise<void> {
    this.thread.demandRunning();
    await this.#calls.start((call) => {
      this.thread.tell(question(call));
    });
  }
}
