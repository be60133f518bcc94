import { msOf } from './moment.ts';

/**
 * How late it is in the log: the time of its latest record, and what has gone by since that came. Where records come as
 * they happen, that is the time of day; where a day's records come in a minute, or after an outage, no session is taken
 * for unused whose records are still on their way.
 */
export class LogClock {
  #latestMs: number | undefined;
  #reachedAtMs: number;

  /**
   * @param latest - `@timestamp` of the latest record so far; undefined where there is none
   * @param nowMs - milliseconds since the epoch
   */
  constructor(latest: string | undefined, nowMs: number) {
    this.#latestMs = latest === undefined ? undefined : msOf(latest);
    this.#reachedAtMs = nowMs;
  }

  /** A record of a later time may have come. */
  reach(latest: string, nowMs: number): void {
    const latestMs = msOf(latest);
    if (this.#latestMs !== undefined && latestMs <= (this.at(nowMs) ?? 0)) return;
    this.#latestMs = latestMs;
    this.#reachedAtMs = nowMs;
  }

  /** Milliseconds since the epoch, never beyond `nowMs`; undefined before the first record. */
  at(nowMs: number): number | undefined {
    if (this.#latestMs === undefined) return undefined;
    return Math.min(nowMs, this.#latestMs + Math.max(0, nowMs - this.#reachedAtMs));
  }
}
