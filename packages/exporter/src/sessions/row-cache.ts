/** Rows that were used last, so that they are not read again: of as many as there is room for. */
export class RowCache<Row> {
  readonly #maxRows: number;
  /** The one that was used last is the last. */
  readonly #rows: Map<string, Row> = new Map();

  constructor(maxRows: number) {
    this.#maxRows = maxRows;
  }

  get(name: string): Row | undefined {
    return this.#rows.get(name);
  }

  /** Makes it the last one, and lets go of what was not used for longest. */
  put(name: string, row: Row): void {
    this.#rows.delete(name);
    this.#rows.set(name, row);
    if (this.#rows.size <= this.#maxRows) return;
    for (const oldest of this.#rows.keys()) {
      this.#rows.delete(oldest);
      return;
    }
  }

  /** What is stored is not what is here any more. */
  clear(): void {
    this.#rows.clear();
  }
}
