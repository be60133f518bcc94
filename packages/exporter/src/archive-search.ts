import type { JsonObject } from '@spanledger/record';

import type { SearchOrder } from './archive-types.ts';
import type { DocumentReader } from './documents.ts';
import { evaluate } from './search/query/index.ts';
import type { Query } from './search/query/index.ts';
import { MAX_CANDIDATES } from './search/index.ts';
import type { SearchIndex } from './search/index.ts';

/** A parsed question. */
export interface RecordQuestion {
  query: Query;
  order: SearchOrder;
  limit: number;
  /** Only records beyond this ledger index, in the direction of `order`. */
  after?: number;
}

/** Records that match, and where the search stopped. */
export interface FoundRecords {
  records: JsonObject[];
  /** Ledger index of the last record that was looked at, when there may be more beyond it. */
  stoppedAt?: number;
  /** The index that answered in place of the configured one. */
  answeredBy?: 'embedded';
}

/** How many records one search looks at before it answers with what it has. */
export const MAX_SEARCHED_RECORDS = 5000;

/**
 * Searches: the index says where to look, the documents say whether they match.
 *
 * @param index - answers candidates: all that match, and perhaps more
 */
export async function searchRecords(
  index: SearchIndex,
  documents: DocumentReader,
  question: RecordQuestion,
): Promise<FoundRecords> {
  const { query, order, limit } = question;
  const records: JsonObject[] = [];
  let after = question.after;
  let batch = limit;
  const by: Pick<FoundRecords, 'answeredBy'> = {};
  for (let searched = 0; searched < MAX_SEARCHED_RECORDS; batch *= 2) {
    const wanted = Math.min(batch, MAX_CANDIDATES, MAX_SEARCHED_RECORDS - searched);
    const page = await index.candidates({
      query,
      order,
      limit: wanted,
      ...(after !== undefined && { after }),
    });
    if (page.answeredBy !== undefined) by.answeredBy = page.answeredBy;
    const found = await documents.read(page.indexes);
    for (const candidate of page.indexes) {
      after = candidate;
      const document = found.get(candidate);
      if (document === undefined || !evaluate(query, document)) continue;
      records.push(document);
      if (records.length < limit) continue;
      const isLast = page.done && candidate === page.indexes.at(-1);
      return { records, ...by, ...(!isLast && { stoppedAt: candidate }) };
    }
    if (page.done) return { records, ...by };
    searched += page.indexes.length;
  }
  return { records, ...by, ...(after !== undefined && { stoppedAt: after }) };
}
