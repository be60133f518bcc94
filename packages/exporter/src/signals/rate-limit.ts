/**
 * Requests a second that one address may go on making, and at once. Ending the sessions of a whole company is one logout
 * token each, and who sends them tries only once: the limit is for those who flood, not for those who hurry.
 */
export const REQUESTS_PER_SECOND = 500;
export const MAX_BURST = 5_000;

/** Addresses whose requests are counted; beyond it the one that was quiet for longest is forgotten. */
export const MAX_ADDRESSES = 4_096;

interface Bucket {
  tokens: number;
  atMs: number;
}

/** A token bucket for each address. */
export class RateLimit {
  readonly #now: () => number;
  readonly #buckets: Map<string, Bucket> = new Map();

  /** @param now milliseconds that only go forward */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** Whether one more request may be looked at. */
  take(address: string): boolean {
    const nowMs = this.#now();
    const { tokens, atMs } = this.#buckets.get(address) ?? { tokens: MAX_BURST, atMs: nowMs };
    const filled = Math.min(MAX_BURST, tokens + ((nowMs - atMs) / 1000) * REQUESTS_PER_SECOND);
    // Whoever comes last stands last.
    this.#buckets.delete(address);
    this.#buckets.set(address, { tokens: Math.max(0, filled - 1), atMs: nowMs });
    if (this.#buckets.size > MAX_ADDRESSES) {
      const [oldest = ''] = this.#buckets.keys();
      this.#buckets.delete(oldest);
    }
    return filled >= 1;
  }
}
