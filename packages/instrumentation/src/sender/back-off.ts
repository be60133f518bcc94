/** The first pause after a failure. */
export const FIRST_PAUSE_MS = 250;

/** The longest pause between attempts that we choose ourselves. */
export const MAX_PAUSE_MS = 30_000;

/** The longest pause that a receiver may ask for; beyond it we ask again anyway. */
export const MAX_RETRY_AFTER_MS: number = 10 * 60_000;

/** Pauses that double from attempt to attempt, shortened at random so that many senders do not come back together. */
export class BackOff {
  readonly #random: () => number;
  #pauseMs = FIRST_PAUSE_MS;

  /** @param random - From 0 to 1, as `Math.random`. */
  constructor(random: () => number) {
    this.#random = random;
  }

  /**
   * How long to wait before the next attempt.
   *
   * @param retryAfterMs - What the receiver asked for; it is the least that is waited.
   */
  next(retryAfterMs: number | undefined): number {
    const pause = this.#pauseMs * (0.5 + this.#random() / 2);
    this.#pauseMs = Math.min(this.#pauseMs * 2, MAX_PAUSE_MS);
    return Math.max(pause, Math.min(retryAfterMs ?? 0, MAX_RETRY_AFTER_MS));
  }

  /** The receiver answered: the next failure starts small again. */
  reset(): void {
    this.#pauseMs = FIRST_PAUSE_MS;
  }
}
