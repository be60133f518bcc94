/** Lists of calls to one thread. */
const CALL_LISTS = 5;

/** Questions to the thread that were not answered yet. */
export class Calls<Answer> {
  readonly #waiting: Map<number, PromiseWithResolvers<Answer>> = new Map();
  #last: number;

  /** @param list - which of {@link CALL_LISTS} it is: two lists of calls to one thread never use the same number */
  constructor(list: number) {
    this.#last = list;
  }

  /** @param ask - sends the question with the number of the call */
  start(ask: (call: number) => void): Promise<Answer> {
    this.#last += CALL_LISTS;
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
