import type { MessagePort } from 'node:worker_threads';
import type { LedgerReader } from '@spanledger/ledger';
import type { Closers } from '../closers.ts';
import type { Follower } from '../follower.ts';
import { OutboxSender } from '../outbox/index.ts';
import { LogFollowers } from './log-followers.ts';
import type { FromThread, ToThread } from './messages.ts';
import type { RequestsFirst } from '../request-load.ts';
import { describeProblem } from './problem.ts';
import type { PublishedSize } from './published-size.ts';

/** What a thread that follows the log is made of. */
export interface LogWorkerOptions {
  port: MessagePort;
  /** How far the log is published: told by the service. */
  ledger: PublishedSize;
  reader: LedgerReader;
  followers: readonly Follower[];
  /** The most entries that a follower takes in at once. */
  batchEntries?: number;
  requestsFirst: RequestsFirst;
  closers: Closers;
  /** What else has to reach its end at a stop. @param followed - resolves once the followers have */
  finish: (followed: Promise<void>) => Promise<unknown> | undefined;
}

/** The inner side of a thread that follows the log: what the service tells all of them, and what all of them tell. */
export class LogWorker {
  readonly followers: LogFollowers;
  readonly #options: LogWorkerOptions;
  readonly #sender: OutboxSender;

  constructor(options: LogWorkerOptions) {
    this.#options = options;
    const { batchEntries, followers, requestsFirst, ledger, reader } = options;
    this.#sender = new OutboxSender(followers, (drafts) => {
      this.tell({ kind: 'derived', drafts });
    });
    this.followers = new LogFollowers({
      followers,
      ledger,
      reader,
      giveWay: () => requestsFirst.giveWay(),
      ...(batchEntries !== undefined && { batchEntries }),
      onError: (error, follower) => {
        this.tellProblem(`the follower ${follower}`, error);
      },
      onStep: () => {
        this.#sender.flush();
      },
    });
  }

  tell(report: FromThread): void {
    this.#options.port.postMessage(report);
  }

  /** Something failed and is tried again. */
  tellProblem(what: string, error: unknown): void {
    this.tell({ kind: 'problem', what, problem: describeProblem(error) });
  }

  hear(message: ToThread): void {
    switch (message.kind) {
      case 'published':
        this.#options.ledger.set(message.size);
        return;
      case 'derive':
        this.#sender.start(message.from);
        return;
      case 'derived_settled':
        this.#sender.settled(message);
        return;
      case 'drain':
        this.#drain();
        return;
      case 'stop':
        this.#stop();
    }
  }

  #drain(): void {
    const followed = this.followers.finish();
    Promise.all([followed, this.#options.finish(followed)])
      .catch((error: unknown) => {
        this.tellProblem('the end of following', error);
      })
      .finally(() => {
        this.tell({ kind: 'drained' });
      });
  }

  #stop(): void {
    const { closers, port } = this.#options;
    closers
      .close()
      .then((failures) => {
        for (const error of failures) this.tellProblem('closing', error);
        port.close();
      })
      .catch((error: unknown) => {
        throw error;
      });
  }
}
