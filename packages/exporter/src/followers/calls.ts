/** Questions to the thread that were not answered yet. */
export class Calls<Answer> {
  readonly #waiting: Map<number, PromiseWithResolvers<Answer>> = new Map();
  #last = 0;

  /** @param ask - sends the question with the number of the call */
  start(ask: (call: number) => void): Promise<Answer> {
    this.#last++;
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
