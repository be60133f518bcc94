/** Runs asynchronous tasks one after the other, in the order in which they came. */
export class SerialQueue {
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  /** Whether a task waits for the end of another. */
  get isAwaited(): boolean {
    return this.#waiting > 0;
  }

  /** Runs a task after all earlier ones have settled; gives its result. */
  run<T>(task: () => Promise<T>): Promise<T> {
    this.#waiting++;
    const result = this.#last.then(() => {
      this.#waiting--;
      return task();
    });
    this.#last = result.catch(() => undefined);
    return result;
  }
}
