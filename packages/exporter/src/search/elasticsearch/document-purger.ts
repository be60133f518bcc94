import type { Client } from '@elastic/elasticsearch';

import { documentId } from './document-id.ts';
import { IncompleteAnswerError } from './request-failure.ts';

/** Documents that are named together. */
const BATCH_DOCUMENTS = 1000;

/** How long Elasticsearch may take to look through every backing index. */
const REQUEST_TIMEOUT_MS = 60_000;

/** What is purged from where. */
export interface DocumentPurge {
  /** May search, delete and refresh. */
  eraser: Client;
  /** Data streams in which a record may have a document. */
  streams: readonly string[];
  /** {@link originDigest} of the log. */
  digest: string;
  /** Ledger indexes. */
  indexes: readonly number[];
}

/**
 * Deletes the documents of records, in whichever backing index they are, and looks afterwards whether any is left.
 *
 * @throws IncompleteAnswerError while there is; to be done again
 */
export async function purgeDocuments({ eraser, streams, digest, indexes }: DocumentPurge): Promise<void> {
  const index = [...streams];
  const common = { index, ignore_unavailable: true, allow_no_indices: true };
  for (let at = 0; at < indexes.length; at += BATCH_DOCUMENTS) {
    const values = indexes.slice(at, at + BATCH_DOCUMENTS).map((one) => documentId(digest, one));
    const query = { ids: { values } };
    await eraser.indices.refresh(common);
    await eraser.deleteByQuery(
      { ...common, query, conflicts: 'proceed', refresh: true },
      { requestTimeout: REQUEST_TIMEOUT_MS, maxRetries: 0 },
    );
    const { hits, _shards: shards } = await eraser.search(
      { ...common, query, size: 1, track_total_hits: true, allow_partial_search_results: false },
      { requestTimeout: REQUEST_TIMEOUT_MS },
    );
    const left = typeof hits.total === 'number' ? hits.total : (hits.total?.value ?? 0);
    if (left === 0 && shards.failed === 0) continue;
    throw new IncompleteAnswerError(`${left} documents of purged records are there still`);
  }
}
