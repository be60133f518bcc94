import { setTimeout as delay } from 'node:timers/promises';
import type { Ledger } from '@spanledger/ledger';
import { readStateFile, writeStateFile } from '../state-file.ts';
import type { AnchorTarget } from './anchored-checkpoint.ts';

/** The pauses between two attempts: the first, and the longest. */
const FIRST_RETRY_MS = 1_000;
const MAX_RETRY_MS = 300_000;

/** How much later than due an anchor may be before it counts as behind, beside the time that an attempt may take. */
const GRACE_MS = 30_000;

/** What an {@link AnchorFollower} follows, and where to. */
export interface AnchorFollowerOptions {
  name: string;
  ledger: Pick<Ledger, 'checkpoint' | 'origin' | 'published' | 'sizes'>;
  target: AnchorTarget;
  /** A checkpoint is handed over after so many were published, … */
  afterCheckpoints: number;
  /** … or when the last one that was handed over is so old, in milliseconds; whichever is first. */
  afterMs: number;
  /** The longest time that an attempt may take, in milliseconds. */
  timeoutMs: number;
  /** Keeps the position. */
  stateFile: string;
  /** Milliseconds since the epoch. */
  now?: () => number;
  /** The first pause after a failure, in milliseconds. */
  firstRetryMs?: number;
  /** Told of the first failure of several, and of the end of them. */
  onChange: (state: { error: unknown } | { size: number }) => void;
}

/** How an anchor is. */
export interface AnchorStatus {
  /** The size of the last checkpoint that was handed over; 0 before the first. */
  size: number;
  /** When that was, in milliseconds since the epoch; absent before the first. */
  atMs?: number;
  /** Entries that are published and not anchored. */
  lag: number;
  /** Whether the last attempt failed, or the next one is overdue. */
  isBehind: boolean;
  /** Attempts that failed since the last one that did not. */
  failures: number;
  /** Why the last one failed; absent if it did not. */
  error?: string;
}

/** Where an anchor stands; kept so that a start after a crash neither skips what was due nor hands over all again. */
interface Position {
  size: number;
  atMs: number;
}

/**
 * Follows the published checkpoints and hands one over now and then: the newest, for it covers all before. The position
 * is written after it was handed over, so a crash in between hands it over once more.
 */
export class AnchorFollower {
  readonly name: string;
  readonly #options: AnchorFollowerOptions;
  readonly #now: () => number;
  readonly #stop = new AbortController();
  #position: Position | undefined;
  /** Checkpoints that were published since the last one that was handed over. */
  #count = 0;
  /** Since when there is something to hand over; undefined if there is nothing. */
  #waitingSinceMs: number | undefined;
  #failures = 0;
  #failedAtMs = 0;
  /** Ends a pause, because something was published. */
  #wake: (() => void) | undefined;
  #error: string | undefined;
  #running: Promise<unknown> = Promise.resolve();

  constructor(options: AnchorFollowerOptions) {
    this.name = options.name;
    this.#options = options;
    this.#now = options.now ?? Date.now;
  }

  /** Takes up where the last process left off. */
  async start(): Promise<void> {
    const { ledger, stateFile, onChange } = this.#options;
    this.#position = parsePosition(await readStateFile(stateFile));
    const size = this.#position?.size ?? 0;
    const { published } = ledger.sizes();
    if (published < size) onChange({ error: new Error(cutBack(size, published)) });
    const ends = [this.#watch(), this.#run()];
    this.#running = Promise.allSettled(ends);
  }

  /** Ends it; what is being handed over is given up, and handed over by the next start. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  /** How it is. */
  status(): AnchorStatus {
    const { size, atMs } = this.#position ?? { size: 0, atMs: undefined };
    const { published } = this.#options.ledger.sizes();
    const dueMs = this.#dueAtMs() ?? Infinity;
    const isOverdue = this.#now() > dueMs + this.#options.timeoutMs + GRACE_MS;
    const error = published < size ? cutBack(size, published) : this.#error;
    return {
      size,
      ...(atMs !== undefined && { atMs }),
      lag: Math.max(0, published - size),
      isBehind: this.#failures > 0 || isOverdue || published < size,
      failures: this.#failures,
      ...(error !== undefined && { error }),
    };
  }

  /** Counts the checkpoints as they are published. */
  async #watch(): Promise<void> {
    const { ledger } = this.#options;
    const { signal } = this.#stop;
    let seen = this.#position?.size ?? 0;
    while (!signal.aborted) {
      await ledger.published(seen + 1, signal);
      const { published } = ledger.sizes();
      seen = Math.max(seen + 1, published);
      this.#count++;
      this.#waitingSinceMs ??= this.#now();
      this.#wake?.();
    }
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      const dueMs = this.#dueAtMs();
      const waitMs = dueMs === undefined ? undefined : dueMs - this.#now();
      if (waitMs !== undefined && waitMs <= 0) await this.#hand();
      else await this.#pause(waitMs);
    }
  }

  /** When the next checkpoint is to be handed over; undefined while there is none. */
  #dueAtMs(): number | undefined {
    if (this.#waitingSinceMs === undefined) return undefined;
    const { afterCheckpoints, afterMs, firstRetryMs = FIRST_RETRY_MS } = this.#options;
    if (this.#failures > 0) {
      const pauseMs = Math.min(MAX_RETRY_MS, firstRetryMs * 2 ** Math.min(this.#failures - 1, 20));
      return this.#failedAtMs + pauseMs;
    }
    if (this.#position === undefined || this.#count >= afterCheckpoints) return this.#waitingSinceMs;
    return Math.max(this.#waitingSinceMs, this.#position.atMs + afterMs);
  }

  async #hand(): Promise<void> {
    const { ledger, target, stateFile, onChange } = this.#options;
    const count = this.#count;
    const note = ledger.checkpoint();
    const { origin } = ledger;
    const size = sizeOf(note);
    try {
      await target.hand({ note, size, origin }, this.#stop.signal);
      const position = { size, atMs: this.#now() };
      await writeStateFile(stateFile, `${JSON.stringify(position)}\n`);
      this.#position = position;
    } catch (error) {
      // A stop is no failure of the anchor.
      if (this.#stop.signal.aborted) return;
      this.#failures++;
      this.#failedAtMs = this.#now();
      this.#error = error instanceof Error ? error.message : String(error);
      if (this.#failures === 1) onChange({ error });
      return;
    }
    this.#count -= count;
    this.#waitingSinceMs = this.#count > 0 || ledger.sizes().published > size ? this.#now() : undefined;
    const hadFailed = this.#failures > 0;
    this.#failures = 0;
    this.#error = undefined;
    if (hadFailed) onChange({ size });
  }

  /** Waits for a time, or until something is published. */
  async #pause(waitMs: number | undefined): Promise<void> {
    const woken = new AbortController();
    this.#wake = () => {
      woken.abort();
    };
    const signal = AbortSignal.any([woken.signal, this.#stop.signal]);
    await delay(Math.min(waitMs ?? MAX_RETRY_MS, MAX_RETRY_MS), undefined, { signal }).catch(() => undefined);
    this.#wake = undefined;
  }
}

function cutBack(size: number, published: number): string {
  return `a checkpoint of ${size} entries was anchored, and the log has ${published} now: it was cut back`;
}

/** The size that a checkpoint states: its second line. */
function sizeOf(note: string): number {
  return Number(note.split('\n', 2)[1]);
}

function parsePosition(text: string | undefined): Position | undefined {
  try {
    const value: unknown = JSON.parse(text ?? 'null');
    if (typeof value !== 'object' || value === null || !('size' in value) || !('atMs' in value))
      return undefined;
    const { size, atMs } = value;
    return typeof size === 'number' && typeof atMs === 'number' ? { size, atMs } : undefined;
  } catch {
    return undefined;
  }
}
