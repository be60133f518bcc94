import { hash } from 'node:crypto';
import type { JsonObject } from '@spanledger/record';
import {
  type DocumentText,
  textOfDocument,
} from '../../../packages/exporter/src/search/elasticsearch/outgoing-document.ts';

/** A log of documents that were made up, which grows as a test says. */
export class MadeUpLog {
  readonly origin: string;
  size = 0;
  #waiting: (() => void)[] = [];
  /** Changes a document before it is indexed. */
  change: ((document: JsonObject, index: number) => void) | undefined;

  constructor(origin: string) {
    this.origin = origin;
  }

  /** Which records are for the stream. */
  isForStream: (index: number) => boolean = () => true;

  /** Publishes more. */
  grow(entries: number): void {
    this.size += entries;
    for (const wake of this.#waiting.splice(0)) wake();
  }

  sizes(): { published: number } {
    return { published: this.size };
  }

  async published(size: number, signal?: AbortSignal): Promise<void> {
    while (this.size < size) {
      const woken = Promise.withResolvers<void>();
      this.#waiting.push(woken.resolve);
      signal?.addEventListener('abort', () => {
        woken.resolve();
      });
      await woken.promise;
      signal?.throwIfAborted();
    }
  }

  readRange(from: number, to: number): Promise<JsonObject[]> {
    return Promise.resolve(Array.from({ length: to - from }, (_, i) => this.document(from + i)));
  }

  async readTexts(from: number, to: number): Promise<(DocumentText | undefined)[]> {
    return (await this.readRange(from, to)).map((document, i) =>
      this.isForStream(from + i) ? textOfDocument(document) : undefined,
    );
  }

  /** The document at a place. */
  document(index: number): JsonObject {
    const document: JsonObject = {
      '@timestamp': new Date(Date.UTC(2026, 0, 1) + index).toISOString(),
      audit: {
        ledger: { index, origin: this.origin },
        integrity: { hash: hash('sha256', `${this.origin} ${index}`), checkpoint_size: this.size },
        record: { id: `record-${index}` },
      },
      event: { action: 'GET /orders/{id}', outcome: 'success' },
    };
    this.change?.(document, index);
    return document;
  }
}
