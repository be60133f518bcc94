import type { Client } from '@elastic/elasticsearch';
import type { JsonObject } from '@spanledger/record';

import { differenceAt } from './document-difference.ts';
import { documentId } from './document-id.ts';
import { IncompleteAnswerError } from './request-failure.ts';

/** The most copies of documents that an answer brings. */
const MAX_FOUND = 10_000;

/** A document and its place in the ledger. */
export interface IndexedDocument {
  index: number;
  document: JsonObject;
}

/** What is held to what is stored. */
export interface ReplaceOptions {
  /** The documents as they should be. */
  expected: readonly IndexedDocument[];
  /** Of the log's origin. */
  digest: string;
  writer: Client;
  reader: Client;
  stream: string;
  /** The stream's backing indices. */
  backings: () => Promise<readonly string[]>;
}

/**
 * Replaces stored documents that are not as they should be, each where it lies, and only if nobody changed it meanwhile.
 *
 * @returns how many were replaced
 */
export async function replaceAltered(options: ReplaceOptions): Promise<number> {
  const { expected, digest, writer, reader, stream } = options;
  if ((await options.backings()).length === 0) return 0;
  // So that what was stored a moment ago is seen; where the key may not do this, it is as good as new anyway.
  await reader.indices.refresh({ index: stream }).catch(() => undefined);
  const wanted = new Map(expected.map(({ index, document }) => [documentId(digest, index), document]));
  const { hits } = await reader.search({
    index: stream,
    query: { ids: { values: [...wanted.keys()] } },
    size: MAX_FOUND,
    seq_no_primary_term: true,
    track_total_hits: false,
    allow_partial_search_results: false,
  });
  const operations: object[] = [];
  for (const { _id: id = '', _index, _source, _seq_no: seqNo, _primary_term: term } of hits.hits) {
    const document = wanted.get(id);
    if (document === undefined || differenceAt(document, _source) === undefined) continue;
    if (seqNo === undefined || term === undefined) continue;
    operations.push({ index: { _index, _id: id, if_seq_no: seqNo, if_primary_term: term } }, document);
  }
  if (operations.length === 0) return 0;
  const { items } = await writer.bulk({ operations, refresh: true }, { maxRetries: 0 });
  const failed = items.find(({ index }) => index?.error !== undefined)?.index?.error;
  if (failed !== undefined) {
    throw new IncompleteAnswerError(
      `Elasticsearch does not replace documents that were altered (${failed.type}); the key of the writer may not, on purpose: use one that has the privilege "write" on ${stream}`,
    );
  }
  return items.length;
}
