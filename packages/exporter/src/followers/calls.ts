/** Questions to the thread that were not answered yet. */
export class Calls<Answer> {
  readonly #waiting: Map<number, PromiseWithResolvers<Answer>> = new Map();
  #last: number;

  /** @param parity - 0 or 1: two lists of calls to one thread never use the same number */
  constructor(parity: 0 | 1) {
    this.#last = parity;
  }

  /** @param ask - sends the question with the number of the call */
  start(ask: (call: number) => void): Promise<Answer> {
    this.#last += 2;
    const settled = Promise.withResolvers<Answer>();
    this.#waiting.set(this.#last, settled);
    ask(this.#last);
    return settled.promise;
  }

  resolve(call: number, answer: Answer): void {
    this.#waiting.get(call)?.resolve(answer);
    this.#waiting.delete(call);
  }

  reject(call: number, error: Error): void {
    this.#waiting.get(call)?.reject(error);
    this.#waiting.delete(call);
  }

  /** The thread ended. */
  failAll(error: Error): void {
    for (const call of this.#waiting.keys()) this.reject(call, error);
  }
}
