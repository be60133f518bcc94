/** Numbers that look random and are the same for the same seed: quick, for a day has many (mulberry32). */
export class DayRandom {
  #state: number;

  /** @param seed - any text */
  constructor(seed: string) {
    this.#state = 7;
    for (let at = 0; at < seed.length; at++) {
      this.#state = Math.imul(this.#state ^ seed.charCodeAt(at), 0x01000193);
    }
  }

  /** A number from 0 to below `limit`. */
  integer(limit: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * limit);
  }

  /** A number from `from` to `to`, both included. */
  between(from: number, to: number): number {
    return from + this.integer(to - from + 1);
  }

  /** One of a list, which is not empty. */
  pick<T>(list: readonly T[]): T {
    const picked = list[this.integer(list.length)];
    if (picked === undefined) throw new TypeError('nothing to pick from');
    return picked;
  }
}
