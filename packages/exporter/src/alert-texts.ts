import type { LedgerReader } from '@spanledger/ledger';
import { isJsonObject, type JsonObject } from '@spanledger/record';

import { DocumentReader } from './documents.ts';
import type { OpeningsReader } from './openings.ts';
import { type DocumentText, textOfDocument } from './search/elasticsearch/index.ts';

/** As it stands in an alert's canonical bytes, and by chance in those of others. */
const KIND = '"kind":"alert"';

/** Reads the text of alerts, in order: of the few records that are one. */
export class AlertTexts {
  readonly #log: LedgerReader;
  readonly #documents: DocumentReader;

  constructor(log: LedgerReader, openings: OpeningsReader) {
    this.#log = log;
    this.#documents = new DocumentReader(log, openings);
  }

  /**
   * @param from - first ledger index
   * @param to - ledger index just past the last, published
   * @returns undefined for every other record
   * @throws as `DocumentTexts`
   */
  async readTexts(from: number, to: number): Promise<(DocumentText | undefined)[]> {
    const texts: (DocumentText | undefined)[] = [];
    for (const [i, entry] of (await this.#log.range(from, to)).entries()) {
      const bytes = Buffer.from(entry.buffer, entry.byteOffset, entry.byteLength);
      texts.push(bytes.includes(KIND, 0, 'latin1') ? await this.#read(from + i) : undefined);
    }
    return texts;
  }

  async #read(index: number): Promise<DocumentText | undefined> {
    const [document] = await this.#documents.readRange(index, index + 1);
    return document === undefined || !isAlert(document) ? undefined : textOfDocument(document);
  }
}

/** Whether a record or document is an alert: those are in a stream of their own as well. */
export function isAlert({ event }: JsonObject): boolean {
  return isJsonObject(event) && event['kind'] === 'alert';
}
