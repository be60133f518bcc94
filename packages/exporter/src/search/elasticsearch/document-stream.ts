import type { Client, estypes } from '@elastic/elasticsearch';

import { statusOf } from './request-failure.ts';

/** Documents of one answer. */
const PAGE_DOCUMENTS = 500;

/** How long Elasticsearch keeps the view between two answers. */
const KEEP_ALIVE = '5m';

const INDEX_FIELD = 'audit.ledger.index';

/** A document as it is stored. */
export interface StreamedDocument {
  id: string;
  backing: string;
  /** The ledger index that it is found by; undefined where it has none that could be one. */
  index: number | undefined;
  source: unknown;
}

/**
 * Reads all documents of a stream as they are at one moment: first those with a ledger index, in its order, then the
 * rest. Only one answer is held at a time.
 */
export async function* streamDocuments(reader: Client, stream: string): AsyncGenerator<StreamedDocument> {
  const pit = await openView(reader, stream);
  if (pit === undefined) return;
  try {
    const isPlace = { range: { [INDEX_FIELD]: { gte: 0, lte: Number.MAX_SAFE_INTEGER } } };
    yield* pages(reader, pit, isPlace, [{ [INDEX_FIELD]: { order: 'asc', unmapped_type: 'long' } }]);
    yield* pages(reader, pit, { bool: { must_not: [isPlace] } }, [{ _shard_doc: 'asc' }]);
  } finally {
    await reader.closePointInTime({ id: pit }).catch(() => undefined);
  }
}

/** A view of the stream that does not change; undefined where there is no stream. */
async function openView(reader: Client, stream: string): Promise<string | undefined> {
  try {
    // So that what was stored a moment ago is seen. A key that may not do this sees it a little later.
    await reader.indices.refresh({ index: stream }).catch(() => undefined);
    return (await reader.openPointInTime({ index: stream, keep_alive: KEEP_ALIVE })).id;
  } catch (error) {
    if (statusOf(error) === 404) return undefined;
    throw error;
  }
}

async function* pages(
  reader: Client,
  pit: string,
  query: NonNullable<estypes.QueryDslQueryContainer>,
  sort: estypes.SortCombinations[],
): AsyncGenerator<StreamedDocument> {
  let after: estypes.SortResults | undefined;
  for (;;) {
    const { hits } = await reader.search({
      pit: { id: pit, keep_alive: KEEP_ALIVE },
      query,
      sort,
      size: PAGE_DOCUMENTS,
      track_total_hits: false,
      allow_partial_search_results: false,
      ...(after !== undefined && { search_after: after }),
    });
    for (const { _id: id = '', _index: backing, _source: source, sort: [place] = [] } of hits.hits) {
      yield { id, backing, index: 'range' in query && typeof place === 'number' ? place : undefined, source };
    }
    after = hits.hits.at(-1)?.sort;
    if (hits.hits.length < PAGE_DOCUMENTS || after === undefined) return;
  }
}
