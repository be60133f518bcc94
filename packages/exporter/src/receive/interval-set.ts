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
