/** The most documents of one bulk request; a stop or crash leaves so many at most of which it is not known whether they arrived. */
export const MAX_BATCH_DOCUMENTS = 2048;

/** The most bytes of one bulk request, unless a single document has more. */
export const MAX_BATCH_BYTES: number = 8 * 1024 * 1024;

const MIN_BATCH_BYTES = 64 * 1024;

/** What a request grows by after one that went well, as a divisor. */
const GROWTH = 4;

/** How large a bulk request may be: half as large after the server had trouble with one, a quarter more after a good one. */
export class BatchSize {
  #documents = MAX_BATCH_DOCUMENTS;
  #bytes = MAX_BATCH_BYTES;

  /** Documents of the next request at most; at least 1. */
  get documents(): number {
    return this.#documents;
  }

  /** Bytes of the next request at most, but for a single document that has more. */
  get bytes(): number {
    return this.#bytes;
  }

  /** A request went well. */
  grow(): void {
    this.#documents = Math.min(MAX_BATCH_DOCUMENTS, this.#documents + Math.ceil(this.#documents / GROWTH));
    this.#bytes = Math.min(MAX_BATCH_BYTES, this.#bytes + Math.ceil(this.#bytes / GROWTH));
  }

  /**
   * A request of this size was too large or took too long.
   *
   * @param sent - what the request held: a limit above it would change nothing
   */
  shrink(sent: { documents: number; bytes: number }): void {
    this.#documents = Math.max(1, Math.floor(Math.min(this.#documents, sent.documents) / 2));
    this.#bytes = Math.max(MIN_BATCH_BYTES, Math.floor(Math.min(this.#bytes, sent.bytes) / 2));
  }
}
