import { setTimeout as delay } from 'node:timers/promises';
import { type FollowedLedger, type LedgerReader, runFollower } from '@spanledger/ledger';
import type { Follower } from '../follower.ts';

/** After a failure a follower waits before it tries the same entries again. */
const RETRY_MS = 1000;

/** How long a stop waits for followers to reach the end of the log; what is left is followed after the next start. */
const DRAIN_MS = 30_000;

const POLL_MS = 10;

/** Entries of one batch: what a session's many records cost is then paid once. */
const BATCH_ENTRIES = 4096;

/** What the followers follow. */
export interface LogFollowersOptions {
  followers: readonly Follower[];
  ledger: FollowedLedger;
  reader: LedgerReader;
  /** Told of a failure; the follower tries again by itself. */
  onError: (error: unknown, follower: string) => void;
}

/** Runs followers of the published log, each at its own pace, and none of them ever for good. */
export class LogFollowers {
  readonly #options: LogFollowersOptions;
  readonly #stop: AbortController = new AbortController();
  readonly #running: Promise<unknown>;

  constructor(options: LogFollowersOptions) {
    this.#options = options;
    this.#running = Promise.all(options.followers.map((follower) => this.#run(follower)));
  }

  /** Lets all reach the end of what is published, then stops them. */
  async finish(): Promise<void> {
    const deadline = Date.now() + DRAIN_MS;
    const { followers, ledger } = this.#options;
    const isBehind = (follower: Follower): boolean => follower.position() < ledger.sizes().published;
    while (followers.some(isBehind) && Date.now() < deadline) await delay(POLL_MS);
    this.#stop.abort();
    await this.#running;
  }

  async #run(follower: Follower): Promise<void> {
    const { signal } = this.#stop;
    const { ledger, reader, onError } = this.#options;
    while (!signal.aborted) {
      try {
        await runFollower({
          name: follower.name,
          from: follower.position(),
          ledger,
          reader,
          batchEntries: BATCH_ENTRIES,
          process: (batch) => follower.process(batch),
          signal,
        });
      } catch (error) {
        onError(error, follower.name);
        await delay(RETRY_MS, undefined, { signal }).catch(() => undefined);
      }
    }
  }
}
