/** A bounded cache: what was not asked for during a whole generation is forgotten. */
export class TwoGenerationCache<Value> {
  readonly #capacity: number;
  #young = new Map<string, Value>();
  #old = new Map<string, Value>();

  /** @param capacity - entries of one generation; the cache holds at most two */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** The value of a key; made, and kept, where there is none. */
  get(key: string, make: () => Value): Value {
    const young = this.#young.get(key);
    if (young !== undefined) return young;
    const value = this.#old.get(key) ?? make();
    if (this.#young.size >= this.#capacity) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(key, value);
    return value;
  }
}
