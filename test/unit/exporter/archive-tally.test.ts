import type { JsonObject } from '@spanledger/record';
import { expect, it } from 'vitest';

import { countRecords, histogramRecords } from '../../../packages/exporter/src/archive-tally.ts';
import { DocumentReader } from '../../../packages/exporter/src/documents.ts';
import type { SearchIndex, Tally } from '../../../packages/exporter/src/search/index.ts';
import { parseQuery } from '../../../packages/exporter/src/search/query/index.ts';

/** An index that says what it is told to say. */
function indexThatKnows(tally: Partial<Tally>): SearchIndex {
  return {
    name: 'index',
    position: () => 10,
    process: () => Promise.resolve(),
    close: () => undefined,
    candidates: () => Promise.reject(new Error('not asked')),
    tally: () => Promise.resolve({ sure: new Map(), unsure: [], others: 0, ...tally }),
  };
}

/** Records, one an hour. */
class HourlyDocuments extends DocumentReader {
  constructor() {
    const nothing = (): never => {
      throw new Error('not read');
    };
    super({ checkpointCovering: nothing, entries: nothing, entry: nothing }, { read: nothing });
  }

  override read(indexes: readonly number[]): Promise<Map<number, JsonObject>> {
    const document = (index: number): JsonObject => ({
      '@timestamp': `2026-11-02T${String(index).padStart(2, '0')}:30:00.000000000Z`,
      number: index,
    });
    return Promise.resolve(new Map(indexes.map((index) => [index, document(index)])));
  }
}

const query = parseQuery('number >= 3');
const documents = new HourlyDocuments();

it('counts what the index is sure of, and of the rest what matches', async () => {
  const index = indexThatKnows({ sure: new Map([[0, 5]]), unsure: [9, 2, 3] });
  expect(await countRecords(index, documents, query)).toEqual({ count: 7, exact: true });
});

it('says between which numbers the answer lies where nobody looked at all records', async () => {
  const index = indexThatKnows({ sure: new Map([[0, 5]]), unsure: [9, 2], others: 30 });
  expect(await countRecords(index, documents, query)).toEqual({ count: 6, exact: false, at_most: 36 });
});

it('puts each record into its stretch of time, in order', async () => {
  const sure = new Map([
    [Date.UTC(2026, 10, 2, 9), 4],
    [Date.UTC(2026, 10, 2, 4), 1],
  ]);
  const index = indexThatKnows({ sure, unsure: [9, 3, 1] });
  expect(await histogramRecords(index, documents, query, 'hour')).toEqual({
    interval: 'hour',
    count: 7,
    exact: true,
    buckets: [
      { start: '2026-11-02T03:00:00.000Z', count: 1 },
      { start: '2026-11-02T04:00:00.000Z', count: 1 },
      { start: '2026-11-02T09:00:00.000Z', count: 5 },
    ],
  });
});

it('refuses more stretches of time than anybody could read', async () => {
  const sure = new Map(Array.from({ length: 10_000 }, (_, i) => [i * 3_600_000, 1]));
  const index = indexThatKnows({ sure, unsure: [3] });
  await expect(histogramRecords(index, documents, query, 'hour')).rejects.toMatchObject({
    code: 'request_malformed',
  });
});
