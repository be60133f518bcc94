import { createHash } from 'node:crypto';

/** Numbers that look random and are the same for the same seed: a run can be repeated, and a cell without its row. */
export class Random {
  readonly #seed: string;
  #drawn = 0;

  /** @param seed whatever tells this stream of numbers from others */
  constructor(seed: string) {
    this.#seed = seed;
  }

  /** A number from 0 to below `limit`, which is at most 2^32. */
  integer(limit: number): number {
    const digest = createHash('sha256').update(`${this.#seed}/${this.#drawn++}`).digest();
    return Math.floor((digest.readUInt32BE() / 2 ** 32) * limit);
  }

  /** A number from `from` to `to`, both included. */
  between(from: number, to: number): number {
    return from + this.integer(to - from + 1);
  }

  /** True as often as false. */
  flip(): boolean {
    return this.integer(2) === 1;
  }

  /** One of a list, which is not empty. */
  pick<T>(list: readonly T[]): T {
    const at = this.integer(list.length);
    const picked = list[at];
    if (picked === undefined) throw new TypeError('nothing to pick from');
    return picked;
  }
}
