/** The newest records whose times are looked at; odd. */
const RECORDS = 63;

/** The time is told anew each time that so many records have come. */
const RENEW_EVERY = 16;

const DIGITS_OF_MS = 'yyyy-mm-ddThh:mm:ss.mmm'.length;

/**
 * What time it is, by the records alone, so that a replay gives the same: the median of the last ones' times. One sender
 * whose clock is wrong does not move it.
 */
export class RecordClock {
  readonly #times: number[] = [];
  #count = 0;
  #nowMs = 0;

  /** Milliseconds since the epoch; 0 before the first record. */
  get nowMs(): number {
    return this.#nowMs;
  }

  /** The times that it goes by, to be stored. */
  get state(): { times: number[]; count: number; nowMs: number } {
    return { times: this.#times, count: this.#count, nowMs: this.#nowMs };
  }

  /** Goes on from what was stored. */
  restore({ times, count, nowMs }: RecordClock['state']): void {
    this.#times.splice(0, this.#times.length, ...times);
    this.#count = count;
    this.#nowMs = nowMs;
  }

  /** A record came. */
  take(timeMs: number): void {
    this.#times[this.#count % RECORDS] = timeMs;
    this.#count++;
    if (this.#count > RECORDS && this.#count % RENEW_EVERY !== 0) return;
    const sorted = this.#times.toSorted((a, b) => a - b);
    // Never back: what has expired stays so.
    this.#nowMs = Math.max(this.#nowMs, sorted[(sorted.length - 1) >> 1] ?? 0);
  }
}

/** Milliseconds since the epoch, with a fraction, of an `@timestamp`. */
export function timeOf(timestamp: string): number {
  const fraction = Number(timestamp.slice(DIGITS_OF_MS, -1)) / 10 ** (timestamp.length - DIGITS_OF_MS - 1);
  return Date.parse(timestamp) + (Number.isNaN(fraction) ? 0 : fraction);
}
