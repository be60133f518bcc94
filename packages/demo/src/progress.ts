/** Where lines of text go, one at a time. */
export type LineWriter = (line: string) => void;

/** A step that lasts longer is announced before it ends. */
const PATIENCE_MS = 1_000;

/** Tells somebody who waits what is going on: a line when a step is done, and one when it takes its time. */
export class Progress {
  readonly #write: LineWriter;
  readonly #now: () => number;

  /** @param now milliseconds from any fixed moment */
  constructor(write: LineWriter, now: () => number = () => performance.now()) {
    this.#write = write;
    this.#now = now;
  }

  /**
   * @param doing what is being done, for example `starting the shop`
   * @param done what to say of the outcome
   */
  async step<T>(doing: string, work: () => Promise<T>, done: (result: T) => string): Promise<T> {
    const startedAt = this.#now();
    const patience = setTimeout(() => this.#write(`… ${doing}`), PATIENCE_MS);
    try {
      const result = await work();
      this.#write(`✓ ${done(result)} (${formatSeconds(this.#now() - startedAt)})`);
      return result;
    } catch (error) {
      this.#write(`✗ ${doing} (${formatSeconds(this.#now() - startedAt)})`);
      throw error;
    } finally {
      clearTimeout(patience);
    }
  }
}

/** @returns `0.8 s` */
function formatSeconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}
