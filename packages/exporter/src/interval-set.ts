/**
 * A set of positive integers, kept as sorted, disjoint, non-adjacent ranges: a producer that sends everything in order
 * costs one range however long it runs.
 */
export class IntervalSet {
  /** `[first, last, first, last, …]`, both inclusive. */
  readonly #bounds: number[];

  /** @param bounds - as {@link IntervalSet.bounds} gave it */
  constructor(bounds: readonly number[] = []) {
    this.#bounds = [...bounds];
  }

  /** `[first, last, first, last, …]`, ascending, both inclusive. */
  get bounds(): readonly number[] {
    return this.#bounds;
  }

  /** How many ranges there are. */
  get ranges(): number {
    return this.#bounds.length / 2;
  }

  has(number: number): boolean {
    const at = this.#rangeAt(number);
    return at < this.#bounds.length && (this.#bounds[at] ?? 0) <= number;
  }

  /** Whether all numbers from `first` to `last` are in the set. */
  hasAll(first: number, last: number): boolean {
    const at = this.#rangeAt(first);
    return (
      at < this.#bounds.length && (this.#bounds[at] ?? 0) <= first && (this.#bounds[at + 1] ?? 0) >= last
    );
  }

  /** Adds a number; false if it was there. */
  add(number: number): boolean {
    const bounds = this.#bounds;
    const at = this.#rangeAt(number);
    if (at < bounds.length && (bounds[at] ?? 0) <= number) return false;
    const joinsBefore = at > 0 && bounds[at - 1] === number - 1;
    const joinsAfter = at < bounds.length && bounds[at] === number + 1;
    if (joinsBefore && joinsAfter) bounds.splice(at - 1, 2);
    else if (joinsBefore) bounds[at - 1] = number;
    else if (joinsAfter) bounds[at] = number;
    else bounds.splice(at, 0, number, number);
    return true;
  }

  /** Adds all numbers from `first` to `last`. */
  addRange(first: number, last: number): void {
    const bounds = this.#bounds;
    // The ranges that touch or overlap it become one with it.
    const at = this.#rangeAt(Math.max(1, first - 1));
    let end = at;
    let joined = [first, last] as const;
    while (end < bounds.length && (bounds[end] ?? 0) <= last + 1) {
      joined = [Math.min(joined[0], bounds[end] ?? 0), Math.max(joined[1], bounds[end + 1] ?? 0)];
      end += 2;
    }
    bounds.splice(at, end - at, ...joined);
  }

  /** Takes a number out; false if it was not there. */
  delete(number: number): boolean {
    const bounds = this.#bounds;
    const at = this.#rangeAt(number);
    const first = bounds[at];
    const last = bounds[at + 1];
    if (first === undefined || last === undefined || first > number) return false;
    if (first === last) bounds.splice(at, 2);
    else if (first === number) bounds[at] = number + 1;
    else if (last === number) bounds[at + 1] = number - 1;
    else bounds.splice(at + 1, 0, number - 1, number + 1);
    return true;
  }

  /**
   * The numbers from 1 to the largest one that are not in the set.
   *
   * @returns [first, last] of each hole, ascending, both inclusive
   */
  holes(): [first: number, last: number][] {
    const holes: [number, number][] = [];
    let next = 1;
    for (let at = 0; at < this.#bounds.length; at += 2) {
      const first = this.#bounds[at] ?? 0;
      if (first > next) holes.push([next, first - 1]);
      next = (this.#bounds[at + 1] ?? 0) + 1;
    }
    return holes;
  }

  /** The largest number; 0 if there is none. */
  get highest(): number {
    return this.#bounds.at(-1) ?? 0;
  }

  /** Counts the lowest hole as if its numbers were in the set: what it costs to remember is bounded. */
  fillLowestHole(): void {
    const bounds = this.#bounds;
    if ((bounds[0] ?? 1) > 1) bounds[0] = 1;
    else if (bounds.length > 2) bounds.splice(1, 2);
  }

  /** Forgets the lowest range. */
  forgetLowest(): void {
    this.#bounds.splice(0, 2);
  }

  /** Offset of the first range whose last number is not below `number`. */
  #rangeAt(number: number): number {
    const bounds = this.#bounds;
    // Numbers arrive in order nearly always: the last range, or just past it.
    if (bounds.length === 0 || (bounds[bounds.length - 1] ?? 0) < number) return bounds.length;
    let low = 0;
    let high = bounds.length / 2 - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((bounds[2 * middle + 1] ?? 0) < number) low = middle + 1;
      else high = middle;
    }
    return 2 * low;
  }
}
