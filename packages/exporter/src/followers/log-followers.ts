import { setTimeout as delay } from 'node:timers/promises';
import { type FollowedLedger, type LedgerReader, runFollower } from '@spanledger/ledger';
import type { FollowedBatch, Follower } from '../follower.ts';

/** After a failure a follower waits before it tries the same entries again. */
const RETRY_MS = 1000;

/** How long a stop waits for followers to reach the end of the log; what is left is followed after the next start. */
const DRAIN_MS = 30_000;

const POLL_MS = 10;

/** How often followers that have caught up are told the time. */
const TICK_MS = 1000;

/** How long followers that nobody waits for give way to those that somebody does, at the most, before each batch. */
const URGENT_MS = 1000;
const URGENT_POLL_MS = 5;

/** Entries of one batch, unless it is said otherwise: what a session's many records cost is then paid once. */
const BATCH_ENTRIES = 4096;

/** A batch of large entries is taken in by parts of this size: parsed, an entry takes ten times as much. */
export const MAX_BATCH_BYTES: number = 2 * 1024 * 1024;

/** What the followers follow. */
export interface LogFollowersOptions {
  followers: readonly Follower[];
  ledger: FollowedLedger;
  reader: LedgerReader;
  /** Told of a failure; the follower tries again by itself. */
  onError: (error: unknown, follower: string) => void;
  /** The most entries of one batch. */
  batchEntries?: number;
  /** Waits before each batch while others are to come first; none, unless it is said otherwise. */
  giveWay?: () => Promise<void>;
  /** Told whenever a follower has taken something in, or was told the time. */
  onStep?: () => void;
  /** Milliseconds since the epoch; the clock unless a test brings another. */
  now?: () => number;
}

/** Runs followers of the published log, each at its own pace, and none of them ever for good. */
export class LogFollowers {
  readonly #options: LogFollowersOptions;
  readonly #stop: AbortController = new AbortController();
  readonly #running: Promise<unknown>;
  /** The step under way of each follower: a batch and a tick never run beside one another. */
  readonly #steps: Map<Follower, Promise<void>> = new Map();
  readonly #clock: NodeJS.Timeout;

  constructor(options: LogFollowersOptions) {
    this.#options = options;
    this.#running = Promise.all(options.followers.map((follower) => this.#run(follower)));
    this.#clock = setInterval(() => {
      for (const follower of options.followers) this.#tick(follower);
    }, TICK_MS).unref();
  }

  /** Lets all reach the end of what is published, then stops them. */
  async finish(): Promise<void> {
    const deadline = Date.now() + DRAIN_MS;
    const { followers } = this.#options;
    while (followers.some((follower) => this.#isBehind(follower)) && Date.now() < deadline) {
      await delay(POLL_MS);
    }
    this.#stop.abort();
    clearInterval(this.#clock);
    await this.#running;
    await Promise.all(this.#steps.values());
  }

  /** Resolves once every follower has taken in so many entries; rejects when they are stopped before. */
  async reached(size: number): Promise<void> {
    const { followers } = this.#options;
    const { signal } = this.#stop;
    while (followers.some((follower) => follower.position() < size)) {
      await delay(POLL_MS, undefined, { signal });
    }
  }

  /** Runs something while a follower takes nothing in. */
  async alone(follower: Follower, run: () => Promise<void>): Promise<void> {
    await this.#step(follower, run);
  }

  #tick(follower: Follower): void {
    if (this.#isBehind(follower)) return;
    const { onError, now = Date.now } = this.#options;
    this.#step(follower, async () => {
      await follower.tick?.(now());
    }).catch((error: unknown) => {
      onError(error, follower.name);
    });
  }

  #isBehind(follower: Follower): boolean {
    return follower.position() < this.#options.ledger.sizes().published;
  }

  async #process(follower: Follower, batch: FollowedBatch): Promise<void> {
    for (const part of partsOf(batch)) {
      await this.#options.giveWay?.();
      if (follower.isUrgent !== true) await this.#giveWayToUrgent();
      await this.#step(follower, () => follower.process(part));
    }
  }

  /** An alert that comes late is of less use than a search that does. */
  async #giveWayToUrgent(): Promise<void> {
    const { signal } = this.#stop;
    const urgent = this.#options.followers.filter(({ isUrgent }) => isUrgent === true);
    const deadline = performance.now() + URGENT_MS;
    while (!signal.aborted && performance.now() < deadline && urgent.some((one) => this.#isBehind(one))) {
      await delay(URGENT_POLL_MS);
    }
  }

  /** Runs a step of a follower after the one under way. */
  async #step(follower: Follower, run: () => Promise<void>): Promise<void> {
    const step = (this.#steps.get(follower) ?? Promise.resolve()).then(run);
    this.#steps.set(
      follower,
      step.catch(() => undefined),
    );
    await step;
    this.#options.onStep?.();
  }

  async #run(follower: Follower): Promise<void> {
    const { signal } = this.#stop;
    const { ledger, reader, onError, batchEntries = BATCH_ENTRIES } = this.#options;
    while (!signal.aborted) {
      try {
        await runFollower({
          name: follower.name,
          // What was pruned is followed no more: a follower that begins anew begins behind it.
          from: Math.max(follower.position(), await reader.minimumIndex()),
          ledger,
          reader,
          batchEntries,
          process: (batch) => this.#process(follower, batch),
          signal,
        });
      } catch (error) {
        onError(error, follower.name);
        await delay(RETRY_MS, undefined, { signal }).catch(() => undefined);
      }
    }
  }
}

/** A batch in parts, each of one entry at least and of {@link MAX_BATCH_BYTES} at most. */
function* partsOf({ first, entries }: FollowedBatch): Generator<FollowedBatch> {
  let from = 0;
  let sizeBytes = 0;
  for (const [i, { length }] of entries.entries()) {
    if (sizeBytes > 0 && sizeBytes + length > MAX_BATCH_BYTES) {
      yield { first: first + from, entries: entries.slice(from, i) };
      from = i;
      sizeBytes = 0;
    }
    sizeBytes += length;
  }
  yield from === 0 ? { first, entries } : { first: first + from, entries: entries.slice(from) };
}
