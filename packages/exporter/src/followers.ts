import { setTimeout as delay } from 'node:timers/promises';
import type { Ledger, LedgerReader } from '@spanledger/ledger';
import { runFollower } from '@spanledger/ledger';
import type { Logger } from 'pino';
import type { Follower } from './follower.ts';

/** After a failure a follower waits before it tries the same entries again. */
const RETRY_MS = 1000;

/** How long a stop waits for followers to reach the end of the log; what is left is followed after the next start. */
const DRAIN_MS = 30_000;

const POLL_MS = 10;

/** Runs followers of the published log, each at its own pace, and none of them ever for good. */
export class Followers {
  readonly #followers: readonly Follower[];
  readonly #ledger: Ledger;
  readonly #reader: LedgerReader;
  readonly #log: Logger;
  readonly #stop: AbortController = new AbortController();
  #running: Promise<unknown> | undefined;

  constructor(followers: readonly Follower[], ledger: Ledger, reader: LedgerReader, log: Logger) {
    this.#followers = followers;
    this.#ledger = ledger;
    this.#reader = reader;
    this.#log = log;
  }

  /** How many published entries each has not taken in. */
  lags(): Record<string, number> {
    const { published } = this.#ledger.sizes();
    return Object.fromEntries(
      this.#followers.map((follower) => [follower.name, Math.max(0, published - follower.position())]),
    );
  }

  start(): void {
    this.#running = Promise.all(this.#followers.map((follower) => this.#run(follower)));
  }

  /** Lets all reach the end of what is published, then stops them. */
  async finish(): Promise<void> {
    if (this.#running === undefined) return;
    const deadline = Date.now() + DRAIN_MS;
    while (Object.values(this.lags()).some((lag) => lag > 0) && Date.now() < deadline) await delay(POLL_MS);
    this.#stop.abort();
    await this.#running;
  }

  async #run(follower: Follower): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      try {
        await runFollower({
          name: follower.name,
          from: follower.position(),
          ledger: this.#ledger,
          reader: this.#reader,
          process: (batch) => follower.process(batch),
          signal,
        });
      } catch (error) {
        this.#log.error({ err: error, follower: follower.name }, 'a follower failed and tries again');
        await delay(RETRY_MS, undefined, { signal }).catch(() => undefined);
      }
    }
  }
}
