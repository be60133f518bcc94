/** The first pause after a failure, and the longest one. */
const FIRST_PAUSE_MS = 250;
export const MAX_PAUSE_MS = 30_000;

/** Pauses between attempts: each twice as long as the one before up to a bound, and no two followers in step. */
export class BackOff {
  readonly #random: () => number;
  #failures = 0;

  /** @param random - from 0 to 1 */
  constructor(random: () => number = Math.random) {
    this.#random = random;
  }

  /** Attempts that failed since the last one that did not. */
  get failures(): number {
    return this.#failures;
  }

  /** Something went well. */
  reset(): void {
    this.#failures = 0;
  }

  /**
   * Something failed.
   *
   * @param askedMs - what the server asked to wait
   * @returns how long to wait, in milliseconds
   */
  next(askedMs = 0): number {
    const fullMs = Math.min(MAX_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(this.#failures, 20));
    this.#failures++;
    const drawnMs = fullMs / 2 + (fullMs / 2) * this.#random();
    return Math.min(MAX_PAUSE_MS, Math.max(drawnMs, askedMs));
  }
}
