/** Counts bytes that are held in memory, and says no beyond a maximum. */
export class ByteBudget {
  readonly #maximum: number;
  #held = 0;

  constructor(maximumBytes: number) {
    this.#maximum = maximumBytes;
  }

  /** Bytes held now. */
  get held(): number {
    return this.#held;
  }

  /** Takes bytes; false, and nothing taken, if they are not there. */
  take(sizeBytes: number): boolean {
    if (this.#held + sizeBytes > this.#maximum) return false;
    this.#held += sizeBytes;
    return true;
  }

  give(sizeBytes: number): void {
    this.#held -= sizeBytes;
  }
}
