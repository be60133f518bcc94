import { LedgerError } from '../errors.ts';
import { explainFailure } from '../storage/failure.ts';
import type { Integrator } from '../integrate/integrator.ts';
import type { KeyRing } from '../keys/key-ring.ts';
import { SerialQueue } from '../serial-queue.ts';
import { formatCheckpoint } from '../verify/checkpoint.ts';
import type { Witnessing } from '../witness/witnessing.ts';
import type { CheckpointStore, PublishedCheckpoint } from './checkpoint-store.ts';
import type { PartialTiles } from './partial-tiles.ts';
import { SizeWaiters } from './size-waiters.ts';

/** What a {@link Publisher} is made of. */
export interface PublisherOptions {
  integrator: Integrator;
  store: CheckpointStore;
  partialTiles: PartialTiles;
  ring: KeyRing;
  /** Who cosigns checkpoints before they are published; undefined for nobody. */
  witnessing: Witnessing | undefined;
  /** What is published already. */
  last: PublishedCheckpoint | undefined;
  /** The longest time from durable to published, in milliseconds, as long as the disk keeps up. */
  intervalMs: number;
  /** Milliseconds of a clock that only moves forward. */
  now: () => number;
  /** Told of each failure; it is tried again. */
  onError: (error: unknown) => void;
}

/** How long the first entry after a pause waits for others to share its checkpoint. */
const GATHER_MS = 10;

/** When somebody is to be told of what is durable, rounds begin this far apart at the least. */
const HASTE_MS = 100;

/** The longest pause between two attempts that fail. */
const MAX_RETRY_MS = 10_000;

/** How long a checkpoint that lacks cosignatures waits until its witnesses are asked again. */
const COSIGN_AGAIN_MS = 1_000;

/** Integrates what is durable and publishes a signed checkpoint of it, at most one in an interval. */
export class Publisher {
  readonly #options: PublisherOptions;
  readonly #queue = new SerialQueue();
  readonly #waiters = new SizeWaiters();
  #last: PublishedCheckpoint | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** Somebody waits for the next checkpoint. */
  #isHastened = false;
  #cosignTimer: NodeJS.Timeout | undefined;
  #startedAt = -Infinity;
  #tookMs = 0;
  #failures = 0;
  #failure: LedgerError | undefined;
  #isClosed = false;

  constructor(options: PublisherOptions) {
    this.#options = options;
    this.#last = options.last;
    if (options.last !== undefined) options.witnessing?.noteShown(options.last);
  }

  /** The size of the published checkpoint. */
  get size(): number {
    return this.#last?.size ?? 0;
  }

  /** The published checkpoint, a signed note; empty before the first. */
  get note(): string {
    return this.#last?.note ?? '';
  }

  /** Why the last attempt failed; undefined if it did not. */
  get failure(): LedgerError | undefined {
    return this.#failure;
  }

  /** Resolves once a checkpoint of at least this size is published. */
  async published(size: number, signal?: AbortSignal): Promise<void> {
    if (this.#last === undefined || this.#last.size < size) await this.#waiters.wait(size, signal);
  }

  /** To be called when entries have become durable: they will be published in time. */
  wake(): void {
    if (this.#timer !== undefined || this.#isClosed) return;
    const { intervalMs } = this.#options;
    // What the last round took is taken off, so that this one ends in time.
    const spacingMs = Math.max(intervalMs / 2, intervalMs - 2 * this.#tookMs);
    const retryMs = Math.min(MAX_RETRY_MS, intervalMs * 2 ** Math.min(this.#failures, 10));
    const pauseMs = this.#failures > 0 ? retryMs : spacingMs;
    this.#schedule(this.#isHastened && this.#failures === 0 ? Math.min(HASTE_MS, pauseMs) : pauseMs);
  }

  /**
   * Has what is durable published without waiting for the interval: for what somebody waits for. It is bounded, so that
   * whoever asks for it all the time costs no more than a short interval; attempts that fail are not hastened.
   */
  hasten(): void {
    this.#isHastened = true;
    if (this.#timer === undefined) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.wake();
  }

  /** @param pauseMs - since the last round began */
  #schedule(pauseMs: number): void {
    const { intervalMs, now } = this.#options;
    const delayMs = Math.max(Math.min(GATHER_MS, intervalMs / 2), this.#startedAt + pauseMs - now());
    this.#timer = setTimeout(() => {
      this.publishNow().catch((error: unknown) => {
        this.#options.onError(error);
        this.wake();
      });
    }, delayMs);
  }

  /**
   * Integrates and publishes all that is durable.
   *
   * @throws LedgerError `integrate_failed`, `publish_failed` or `quorum_missing`; what was durable stays so
   */
  publishNow(): Promise<void> {
    return this.#queue.run(async () => {
      if (this.#isClosed) return;
      clearTimeout(this.#timer);
      clearTimeout(this.#cosignTimer);
      this.#timer = undefined;
      this.#isHastened = false;
      this.#startedAt = this.#options.now();
      try {
        await this.#publish();
        this.#failures = 0;
        this.#failure = undefined;
        if (this.#options.witnessing?.isMissing === true) this.#cosignLater();
      } catch (error) {
        this.#failures++;
        this.#failure = error instanceof LedgerError ? error : undefined;
        throw error;
      } finally {
        this.#tookMs = this.#options.now() - this.#startedAt;
      }
    });
  }

  /** Runs work while nothing is published. */
  exclusively<T>(work: () => Promise<T>): Promise<T> {
    return this.#queue.run(work);
  }

  /** Ends the waiting of all who wait for more than there will be; once it resolves nothing is published any more. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    clearTimeout(this.#cosignTimer);
    this.#options.witnessing?.close();
    this.#waiters.fail(new LedgerError('ledger_closed', 'the ledger was closed'));
    // A round that began as the last one ended.
    await this.#queue.run(() => Promise.resolve());
  }

  /** A log that grows asks again with its next checkpoint; one that is idle, after a while. */
  #cosignLater(): void {
    clearTimeout(this.#cosignTimer);
    if (this.#isClosed) return;
    this.#cosignTimer = setTimeout(() => {
      this.publishNow().catch((error: unknown) => {
        this.#options.onError(error);
        this.wake();
      });
    }, COSIGN_AGAIN_MS);
  }

  async #publish(): Promise<void> {
    const { integrator, partialTiles, ring } = this.#options;
    partialTiles.wrote(integrator.size);
    const { size, root } = await integrator.integrate();
    const last = this.#last;
    if (last !== undefined && size <= last.size) {
      await this.#complete(last);
      return;
    }
    const note = ring.signNote(formatCheckpoint({ origin: ring.origin, size, root }), size);
    const checkpoint = { note, size, root };
    await this.#show((await this.#options.witnessing?.cosign(checkpoint)) ?? checkpoint);
    partialTiles.published(size);
    this.#waiters.reach(size);
  }

  async #show(checkpoint: PublishedCheckpoint): Promise<void> {
    try {
      await this.#options.store.publish(checkpoint);
    } catch (cause) {
      const { reason, help } = explainFailure(cause);
      const message = `the checkpoint of size ${checkpoint.size} could not be published${reason}`;
      throw new LedgerError('publish_failed', message, {
        cause,
        hint: `All acknowledged records are in the journal; it is tried again. ${help}`,
      });
    }
    this.#last = checkpoint;
    this.#options.witnessing?.noteShown(checkpoint);
  }

  /** Shows the published checkpoint with cosignatures that it lacked. */
  async #complete(last: PublishedCheckpoint): Promise<void> {
    if (this.#options.witnessing?.isMissing !== true) return;
    const cosigned = await this.#options.witnessing.cosign(last);
    if (cosigned.note !== last.note) await this.#show(cosigned);
  }
}
