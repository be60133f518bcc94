import { MAX_BATCH_DOCUMENTS } from './batch-size.ts';
import type { OutgoingDocument } from './bulk-writer.ts';
import { outgoingDocument } from './outgoing-document.ts';
import type { DocumentText } from './outgoing-document.ts';

/** Records that are read from the ledger at a time: fewer where documents are large, so that memory stays what it was. */
const MIN_READ_RECORDS = 64;
const MAX_READ_RECORDS = 2048;
const READ_BYTES = 8 * 1024 * 1024;

/** Reads the text of documents as they are indexed. */
export interface DocumentTextRange {
  /**
   * @returns for each record from one ledger index up to, not including, another, all published: its document; undefined
   *   for a record that is not for this stream
   */
  readTexts(from: number, to: number): Promise<(DocumentText | undefined)[]>;
}

/** Documents that are read while a request is under way, for the next one. */
export class ReadAhead {
  readonly #documents: DocumentTextRange;
  readonly #digest: string;
  #gathered: OutgoingDocument[] = [];
  #perRead = MIN_READ_RECORDS;
  #position: number;

  /**
   * @param digest - of the log's origin
   * @param from - the first ledger index
   */
  constructor(documents: DocumentTextRange, digest: string, from: number) {
    this.#documents = documents;
    this.#digest = digest;
    this.#position = from;
  }

  /** Just past the last record that was read. */
  get position(): number {
    return this.#position;
  }

  get isEmpty(): boolean {
    return this.#gathered.length === 0;
  }

  /**
   * Reads some more.
   *
   * @param published - the published size
   * @param askBelow - documents of records before this one may be stored already
   */
  async read(published: number, askBelow: number): Promise<void> {
    const from = this.#position;
    const to = Math.min(published, from + this.#perRead);
    const documents = await this.#documents.readTexts(from, to);
    let bytes = 0;
    for (const [i, document] of documents.entries()) {
      if (document === undefined) continue;
      const outgoing = outgoingDocument(document, this.#digest, from + i, from + i < askBelow);
      bytes += outgoing.bytes;
      this.#gathered.push(outgoing);
    }
    this.#position = to;
    const fitting = Math.floor((READ_BYTES * (to - from)) / Math.max(1, bytes));
    // Twice as many at most, for the next ones may be larger.
    this.#perRead = Math.max(MIN_READ_RECORDS, Math.min(fitting, this.#perRead * 2, MAX_READ_RECORDS));
  }

  /** Whether there is enough for a request as large as one may be now. */
  isFull(size: { documents: number; bytes: number }): boolean {
    return (
      this.#gathered.length >= size.documents ||
      this.#gathered.reduce((sum, { bytes }) => sum + bytes, 0) >= size.bytes
    );
  }

  /**
   * Takes out as many as a request may hold, one at least. They are of {@link MAX_BATCH_DOCUMENTS} records at most: so
   * many are asked for after a crash.
   */
  take(size: { documents: number; bytes: number }): OutgoingDocument[] {
    const first = this.#gathered[0]?.index ?? 0;
    let bytes = 0;
    let count = 0;
    for (const document of this.#gathered) {
      bytes += document.bytes;
      const isTooMuch = count >= size.documents || bytes > size.bytes;
      if (count > 0 && (isTooMuch || document.index >= first + MAX_BATCH_DOCUMENTS)) break;
      count++;
    }
    return this.#gathered.splice(0, count);
  }
}
