/** What was opened, to be closed in the opposite order, each whatever becomes of the others. */
export class Closers {
  readonly #closers: (() => Promise<void> | void)[] = [];

  /** Something was opened. */
  add(close: () => Promise<void> | void): void {
    this.#closers.push(close);
  }

  /** Closes everything; a second call does nothing. @returns what failed */
  async close(): Promise<unknown[]> {
    const failures: unknown[] = [];
    for (let close = this.#closers.pop(); close !== undefined; close = this.#closers.pop()) {
      try {
        await close();
      } catch (error) {
        failures.push(error);
      }
    }
    return failures;
  }
}
