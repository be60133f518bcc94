/** A clock that is ahead of what is known by more than this is not believed at once. */
export const MAX_CLOCK_LEAD_MS = 86_400_000;

/** It is once the service has run for so long while it was. */
export const CLOCK_SETTLE_MS = 86_400_000;

/** What a {@link ClockGuard} goes by. */
export interface ClockGuardOptions {
  /** The latest time of which the log knows that the clock has shown it, milliseconds since the epoch; 0: none. */
  knownMs: number;
  /** For how long the clock has been ahead in earlier runs, as {@link ClockGuard.waitedMs} had it. */
  waitedMs: number;
  /** Milliseconds of a clock that nobody can set. */
  elapsed: () => number;
}

/**
 * Tells when the clock was set forward: by how much it is ahead of the latest time that the log knows, and of the time that
 * has passed since by a clock that nobody can set. Whether it was wrong before or is now, nothing here can tell: what
 * stays so is believed after a day, in which somebody may look.
 */
export class ClockGuard {
  readonly #elapsed: () => number;
  /** What the clock showed when it was believed, and the other clock then. */
  #anchor: { wallMs: number; atMs: number } | undefined;
  /** Whether it was believed in this run. */
  #isBelieved = false;
  #lastMs: number;
  #waitedMs: number;

  constructor({ knownMs, waitedMs, elapsed }: ClockGuardOptions) {
    this.#waitedMs = waitedMs;
    this.#elapsed = elapsed;
    this.#lastMs = elapsed();
    if (knownMs > 0) this.#anchor = { wallMs: knownMs, atMs: this.#lastMs };
  }

  /** For how long the clock has been ahead, in milliseconds that the service ran; 0 while it is not. */
  get waitedMs(): number {
    return this.#waitedMs;
  }

  /**
   * Looks at the clock.
   *
   * @param nowMs - what it shows, milliseconds since the epoch
   * @returns by how many milliseconds it is ahead; 0 while it is believed
   */
  look(nowMs: number): number {
    const atMs = this.#elapsed();
    const passedMs = atMs - this.#lastMs;
    this.#lastMs = atMs;
    const anchor = this.#anchor;
    const leadMs = anchor === undefined ? 0 : nowMs - anchor.wallMs - (atMs - anchor.atMs);
    if (leadMs > MAX_CLOCK_LEAD_MS) {
      this.#waitedMs += passedMs;
      if (this.#waitedMs < CLOCK_SETTLE_MS) return leadMs;
    }
    this.#waitedMs = 0;
    // What is a little ahead does not add up to much; but a stop takes as long as it takes, and who sets back is believed.
    if (!this.#isBelieved || leadMs <= 0 || leadMs > MAX_CLOCK_LEAD_MS)
      this.#anchor = { wallMs: nowMs, atMs };
    this.#isBelieved = true;
    return 0;
  }
}
