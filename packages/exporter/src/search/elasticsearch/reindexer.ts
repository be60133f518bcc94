import type { Client } from '@elastic/elasticsearch';
import type { JsonObject } from '@spanledger/record';

import { BulkWriter } from './bulk-writer.ts';
import type { WriterTrouble } from './bulk-writer.ts';
import { originDigest } from './document-id.ts';
import type { DocumentRange } from './follower.ts';
import type { IndexState } from './index-state.ts';
import { outgoingDocument, textOfDocument } from './outgoing-document.ts';
import { replaceAltered } from './replaced-documents.ts';
import { readIdentity } from './stream-identity.ts';

/** Records that are looked at together. */
const CHUNK_RECORDS = 512;

const REQUEST_TIMEOUT_MS = 30_000;

/** What is indexed again. */
export interface ReindexerOptions {
  /** Creates and replaces documents. */
  writer: Client;
  /** Reads them. */
  reader: Client;
  stream: string;
  origin: string;
  documents: DocumentRange;
  /** Which documents are for the stream; default: all. */
  select?: (document: JsonObject) => boolean;
  /** Records that were purged, and are for no stream. */
  purgedIn?: (from: number, to: number) => ReadonlySet<number>;
  /** Where what is refused is kept, and what is not any more is taken away. */
  state: IndexState;
  /** From one ledger index up to, not including, another. */
  from: number;
  to: number;
  onProgress?: (progress: { verified: number; size: number }) => void;
  onTrouble?: (trouble: WriterTrouble | undefined) => void;
  signal: AbortSignal;
}

/** What became of it. */
export interface ReindexReport {
  /** Records that were looked at. */
  records: number;
  /** Documents that were missing and are there now. */
  created: number;
  /** Documents that were other than their records, and are not any more. */
  replaced: number;
  /** Records that Elasticsearch refuses. */
  refused: number;
}

/**
 * Makes the index what the ledger has, for a range of records: what is missing is created, what differs is replaced where
 * it lies, what is as it should be stays. A follower may be at work on the same stream.
 *
 * @throws what the client throws for a replacement that the key may not make; the signal's reason
 */
export async function reindex(options: ReindexerOptions): Promise<ReindexReport> {
  const { writer, reader, stream, origin, documents, state, from, to, onProgress, signal } = options;
  const { select = () => true, purgedIn } = options;
  const digest = originDigest(origin);
  const backings = async (): Promise<string[]> =>
    (await readIdentity(reader, stream, REQUEST_TIMEOUT_MS, signal)).backings.map(({ name }) => name);
  const bulk = new BulkWriter({
    writer,
    reader,
    stream,
    backings,
    onTrouble: (trouble) => options.onTrouble?.(trouble),
  });
  const report: ReindexReport = { records: 0, created: 0, replaced: 0, refused: 0 };
  for (let first = from; first < to; first += CHUNK_RECORDS) {
    const end = Math.min(to, first + CHUNK_RECORDS);
    const purged = purgedIn?.(first, end);
    const expected = (await documents.readRange(first, end))
      .map((document, i) => ({ index: first + i, document }))
      .filter(({ index, document }) => purged?.has(index) !== true && select(document));
    if (expected.length > 0) {
      report.replaced += await replaceAltered({ expected, digest, writer, reader, stream, backings });
    }
    const outgoing = expected.map(({ index, document }) =>
      outgoingDocument(textOfDocument(document), digest, index, true),
    );
    const { refused, created } = await bulk.write(outgoing, signal);
    const stays = new Set(refused.map(({ index }) => index));
    const indexed = [...state.deadLettersIn(first, end).keys()].filter((index) => !stays.has(index));
    state.settle(indexed, refused);
    report.records += expected.length;
    report.created += created;
    report.refused += refused.length;
    onProgress?.({ verified: end - from, size: to - from });
  }
  return report;
}
