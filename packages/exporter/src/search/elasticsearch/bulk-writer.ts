import { setTimeout as delay } from 'node:timers/promises';

import type { Client, estypes } from '@elastic/elasticsearch';

import { BackOff } from './back-off.ts';
import { BatchSize } from './batch-size.ts';
import { readItem } from './bulk-items.ts';
import type { ItemOutcome } from './bulk-items.ts';
import { writeBulk } from './outgoing-document.ts';
import type { DeadLetter } from './index-state.ts';
import { MISSING_HINT, readFailure, REFUSED_HINT, RejectedRequestError } from './request-failure.ts';
import type { ElasticsearchTroubleCode } from './request-failure.ts';
import { requestOptions } from './request-options.ts';
import { findStored } from './stored-documents.ts';
import type { AskOptions, StoredDocument } from './stored-documents.ts';

/** How long one request may take. */
export const REQUEST_TIMEOUT_MS = 30_000;

/** What of a bulk answer is read: without the rest it is a tenth. */
const ANSWER_PATHS = [
  'items.*._index',
  'items.*.status',
  'items.*.failure_store',
  'items.*.error.type',
  'items.*.error.reason',
];

type BulkAnswer = Pick<estypes.BulkResponse, 'items'>;

/** A document on its way. */
export interface OutgoingDocument {
  /** Ledger index. */
  index: number;
  id: string;
  /** `audit.integrity.hash`. */
  hash: string;
  /** UTF-8. */
  json: Uint8Array;
  /** What it takes of a bulk request. */
  bytes: number;
  /** Whether it may be stored already: then it is asked for first. */
  isUncertain: boolean;
  /** Whether the server had a document with this `_id` when it was sent. */
  hasConflict: boolean;
}

/** What became of documents. */
export interface WriteOutcome {
  refused: DeadLetter[];
  /** How many were not there before. */
  created: number;
}

/** Why it does not go on just now. */
export interface WriterTrouble {
  code: ElasticsearchTroubleCode;
  message: string;
  hint?: string;
}

/** What a writer needs. */
export interface BulkWriterOptions {
  /** Creates documents. */
  writer: Client;
  /** Reads them. */
  reader: Client;
  stream: string;
  /** The stream's backing indices, oldest first, asked anew; throws where the stream is not the same any more. */
  backings: (signal: AbortSignal) => Promise<readonly string[]>;
  /** Told when there is trouble, and when there is no more. */
  onTrouble: (trouble: WriterTrouble | undefined) => void;
  requestTimeoutMs?: number;
  now?: () => number;
  random?: () => number;
}

/**
 * Creates documents in a data stream, each exactly once, however often requests fail: what may have arrived is asked for
 * before it is sent again, in the whole stream, for the same `_id` in a newer backing index is no conflict to
 * Elasticsearch.
 */
export class BulkWriter {
  readonly size: BatchSize = new BatchSize();
  readonly #options: BulkWriterOptions;
  readonly #backOff: BackOff;
  readonly #now: () => number;

  constructor(options: BulkWriterOptions) {
    this.#options = options;
    this.#backOff = new BackOff(options.random);
    this.#now = options.now ?? Date.now;
  }

  /** Attempts that failed since the last one that did not. */
  get failures(): number {
    return this.#backOff.failures;
  }

  /**
   * Sends documents until each is stored or refused.
   *
   * @returns what was refused, which is nowhere else than in the ledger, and how many were not there before
   * @throws the signal's reason once it is aborted, and what `backings` throws
   */
  async write(documents: readonly OutgoingDocument[], signal: AbortSignal): Promise<WriteOutcome> {
    const outcome: WriteOutcome = { refused: [], created: 0 };
    const { refused } = outcome;
    let pending = [...documents];
    while (pending.length > 0) {
      signal.throwIfAborted();
      try {
        pending = await this.#leaveOutStored(pending, refused, signal);
        const sending = this.#nextRequest(pending);
        if (sending.length === 0) break;
        const rest = pending.slice(sending.length);
        pending = [...(await this.#send(sending, outcome, signal)), ...rest];
      } catch (error) {
        signal.throwIfAborted();
        await this.fail(readFailure(error), signal);
      }
    }
    this.recover();
    return outcome;
  }

  /** Tells of a failed request and waits until it is time for another attempt. */
  async fail(failure: WriterTrouble & { retryAfterMs?: number }, signal: AbortSignal): Promise<void> {
    const { code, message, hint, retryAfterMs } = failure;
    const pauseMs = this.#backOff.next(retryAfterMs);
    this.#options.onTrouble({ code, message, ...(hint !== undefined && { hint }) });
    await delay(pauseMs, undefined, { signal });
  }

  /** Something went well. */
  recover(): void {
    this.#backOff.reset();
    this.#options.onTrouble(undefined);
  }

  /** Asks for those that may be stored already. */
  async #leaveOutStored(
    documents: readonly OutgoingDocument[],
    refused: DeadLetter[],
    signal: AbortSignal,
  ): Promise<OutgoingDocument[]> {
    const uncertain = documents.filter(({ isUncertain }) => isUncertain);
    if (uncertain.length === 0) return [...documents];
    const backings = await this.#options.backings(signal);
    const ids = uncertain.map(({ id }) => id);
    const stored = await findStored(ids, backings, this.#asking(signal));
    const open: OutgoingDocument[] = [];
    for (const document of documents) {
      const found = stored.get(document.id);
      document.isUncertain = false;
      if (found === undefined) open.push(document);
      else this.#compare(document, found, refused);
    }
    return open;
  }

  /** As many of the first documents as one request may hold, and one at least. */
  #nextRequest(documents: readonly OutgoingDocument[]): OutgoingDocument[] {
    let bytes = 0;
    let count = 0;
    for (const document of documents) {
      bytes += document.bytes;
      if (count > 0 && (bytes > this.size.bytes || count >= this.size.documents)) break;
      count++;
    }
    return documents.slice(0, count);
  }

  /** @returns those that are to be sent again */
  async #send(
    documents: readonly OutgoingDocument[],
    settled: WriteOutcome,
    signal: AbortSignal,
  ): Promise<OutgoingDocument[]> {
    const outcomes = await this.#request(documents, signal);
    if (outcomes === undefined) return [...documents];
    const again: OutgoingDocument[] = [];
    let worst: ItemOutcome | undefined;
    for (const [i, document] of documents.entries()) {
      const outcome = outcomes[i] ?? { kind: 'uncertain', reason: 'no_answer' };
      switch (outcome.kind) {
        case 'created':
          settled.created++;
          break;
        case 'refused':
          settled.refused.push(this.#letter(document, outcome.reason, outcome.field));
          break;
        case 'conflict':
          // Asked for, and compared. A second one in a row means that it was not found.
          if (document.hasConflict) worst ??= outcome;
          document.hasConflict = true;
          document.isUncertain = true;
          again.push(document);
          break;
        case 'uncertain':
          document.isUncertain = true;
          again.push(document);
          worst = outcome;
          break;
        case 'busy':
        case 'barred':
          again.push(document);
          worst ??= outcome;
      }
    }
    if (worst === undefined) {
      this.size.grow();
      this.recover();
    } else {
      if (worst.kind === 'busy') this.size.shrink(sizeOf(documents));
      await this.fail(describeItem(worst), signal);
    }
    return again;
  }

  /** @returns what became of each; undefined where nothing was done and a smaller request may do */
  async #request(
    documents: readonly OutgoingDocument[],
    signal: AbortSignal,
  ): Promise<ItemOutcome[] | undefined> {
    const { writer, stream, requestTimeoutMs = REQUEST_TIMEOUT_MS } = this.#options;
    try {
      const { body, headers, statusCode } = await writer.transport.request<BulkAnswer>(
        {
          method: 'POST',
          path: `/${encodeURIComponent(stream)}/_bulk`,
          querystring: { require_data_stream: true, filter_path: ANSWER_PATHS },
          bulkBody: writeBulk(documents),
        },
        { ...requestOptions(requestTimeoutMs, signal), meta: true, ignore: [429, 503] },
      );
      if (statusCode !== 200) throw new RejectedRequestError(statusCode, headers);
      return body.items.map(({ create }) =>
        create === undefined ? { kind: 'uncertain', reason: 'no_answer' } : readItem(create),
      );
    } catch (error) {
      // It may have been done all the same; a stop finds that out at the next start.
      if (signal.aborted) throw error;
      const failure = readFailure(error);
      if (failure.isUncertain) for (const document of documents) document.isUncertain = true;
      if (failure.isOverload || failure.isMalformed) this.size.shrink(sizeOf(documents));
      if (!failure.isMalformed && !failure.isTooLarge) throw error;
      // Halved until the one document is found that makes it so.
      if (documents.length > 1) return undefined;
      return [{ kind: 'refused', reason: failure.isTooLarge ? 'document_too_large' : 'document_malformed' }];
    }
  }

  #compare(document: OutgoingDocument, stored: StoredDocument, refused: DeadLetter[]): void {
    if (stored.hash !== document.hash) refused.push(this.#letter(document, 'other_document_stored'));
  }

  #letter({ index }: OutgoingDocument, reason: string, field?: string): DeadLetter {
    return { index, reason, ...(field !== undefined && { field }), atMs: this.#now() };
  }

  #asking(signal: AbortSignal): AskOptions {
    const { reader, stream, requestTimeoutMs = REQUEST_TIMEOUT_MS } = this.#options;
    return { reader, stream, requestTimeoutMs, signal };
  }
}

function sizeOf(documents: readonly OutgoingDocument[]): { documents: number; bytes: number } {
  return {
    documents: documents.length,
    bytes: documents.reduce((sum, { bytes }) => sum + bytes, 0),
  };
}

function describeItem(outcome: ItemOutcome): WriterTrouble {
  if (outcome.kind === 'barred') {
    const { status, reason } = outcome;
    return status === 404
      ? {
          code: 'elasticsearch_stream_missing',
          message: `Elasticsearch has no such stream (${reason})`,
          hint: MISSING_HINT,
        }
      : {
          code: 'elasticsearch_refused',
          message: `Elasticsearch refuses to store (${reason})`,
          hint: REFUSED_HINT,
        };
  }
  if (outcome.kind === 'conflict') {
    return { code: 'elasticsearch_failed', message: 'Elasticsearch has documents that it does not find' };
  }
  if (outcome.kind === 'uncertain') {
    return {
      code: 'elasticsearch_failed',
      message: `Elasticsearch could not store documents (${outcome.reason})`,
    };
  }
  return { code: 'elasticsearch_busy', message: 'Elasticsearch is too busy to take documents' };
}
