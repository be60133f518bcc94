/** Records of spans with twenty attributes take four times the bytes that the spans came in. */
const FIRST_RATIO = 4;

/** How much of what is thought is what the last request said. */
const LAST_SHARE = 1 / 8;

/** How many bytes of the log a byte of a request becomes: so requests are turned away before their records are made. */
export class RecordGrowth {
  #ratio = FIRST_RATIO;

  /** How many bytes a request of so many is going to take of the log. */
  expect(requestBytes: number): number {
    return requestBytes * this.#ratio;
  }

  /** A request of so many bytes has taken so many of the log. */
  note(requestBytes: number, logBytes: number): void {
    if (requestBytes > 0) this.#ratio += (logBytes / requestBytes - this.#ratio) * LAST_SHARE;
  }
}
