import type { JsonObject } from '@spanledger/record';

import type { HistogramInterval, RecordCount, RecordHistogram } from './archive-types.ts';
import type { DocumentReader } from './documents.ts';
import { parseInstant } from './search/query/dates.ts';
import { evaluate } from './search/query/index.ts';
import type { Query } from './search/query/index.ts';
import { valuesAt } from './search/query/leaves.ts';
import { addToBucket, bucketStart, MAX_CANDIDATES } from './search/index.ts';
import type { SearchIndex, Tally } from './search/index.ts';

const NANOSECONDS_PER_MILLISECOND = 1_000_000n;

/** Counts: the index says what is sure, the documents decide about the rest, as far as somebody looks at them. */
export async function countRecords(
  index: SearchIndex,
  documents: DocumentReader,
  query: Query,
): Promise<RecordCount> {
  const tally = await index.tally({ query });
  await decide(tally, documents, query, (found) => {
    addToBucket(found.sure, 0, 1);
  });
  return countOf(tally);
}

/**
 * Counts by stretches of time.
 *
 * @throws ExporterError `request_malformed` where there are too many of them
 */
export async function histogramRecords(
  index: SearchIndex,
  documents: DocumentReader,
  query: Query,
  interval: HistogramInterval,
): Promise<RecordHistogram> {
  const tally = await index.tally({ query, interval });
  await decide(tally, documents, query, (found, document) => {
    const timeMs = timeOf(document);
    // A record without a time is in no stretch of it.
    if (timeMs !== undefined) addToBucket(found.sure, bucketStart(interval, timeMs), 1);
  });
  const buckets = [...tally.sure]
    .toSorted(([a], [b]) => a - b)
    .map(([startMs, count]) => ({ start: new Date(startMs).toISOString(), count }));
  return { interval, ...countOf(tally), buckets };
}

/** Looks at the records that may match. */
async function decide(
  tally: Tally,
  documents: DocumentReader,
  query: Query,
  take: (tally: Tally, document: JsonObject) => void,
): Promise<void> {
  for (let from = 0; from < tally.unsure.length; from += MAX_CANDIDATES) {
    const found = await documents.read(tally.unsure.slice(from, from + MAX_CANDIDATES));
    for (const document of found.values()) if (evaluate(query, document)) take(tally, document);
  }
}

function countOf({ sure, others, answeredBy }: Tally): RecordCount {
  const count = [...sure.values()].reduce((sum, part) => sum + part, 0);
  return {
    count,
    exact: others === 0,
    ...(others > 0 && { at_most: count + others }),
    ...(answeredBy !== undefined && { answered_by: answeredBy }),
  };
}

/** Milliseconds since the epoch. */
function timeOf(document: JsonObject): number | undefined {
  const timestamp = valuesAt(document, '@timestamp').find((value) => typeof value === 'string');
  const instant = timestamp === undefined ? undefined : parseInstant(timestamp);
  return instant === undefined ? undefined : Number(instant / NANOSECONDS_PER_MILLISECOND);
}
