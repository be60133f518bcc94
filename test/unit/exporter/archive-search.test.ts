import type { JsonObject } from '@spanledger/record';
import { expect, it } from 'vitest';

import { MAX_SEARCHED_RECORDS, searchRecords } from '../../../packages/exporter/src/archive-search.ts';
import type { RecordQuestion } from '../../../packages/exporter/src/archive-search.ts';
import { DocumentReader } from '../../../packages/exporter/src/documents.ts';
import { MAX_CANDIDATES } from '../../../packages/exporter/src/search/index.ts';
import type { SearchIndex } from '../../../packages/exporter/src/search/index.ts';
import { parseQuery } from '../../../packages/exporter/src/search/query/index.ts';

const SIZE = 12_000;

/** An index that knows nothing: every record is a candidate. */
function everyRecord(): SearchIndex & { largest: number } {
  return {
    name: 'index',
    largest: 0,
    position: () => SIZE,
    process: () => Promise.resolve(),
    close: () => undefined,
    tally: () => Promise.reject(new Error('not counted')),
    candidates({ after = SIZE, limit }) {
      this.largest = Math.max(this.largest, limit);
      const indexes = Array.from({ length: Math.min(limit, after) }, (_, i) => after - 1 - i);
      return Promise.resolve({ indexes, done: after <= limit });
    },
  };
}

/** Documents that say which they are. */
class NumberedDocuments extends DocumentReader {
  constructor() {
    const nothing = (): never => {
      throw new Error('not read');
    };
    super({ checkpointCovering: nothing, entries: nothing, entry: nothing }, { read: nothing });
  }

  override read(indexes: readonly number[]): Promise<Map<number, JsonObject>> {
    return Promise.resolve(new Map(indexes.map((index) => [index, { number: index }])));
  }
}

async function search(
  query: string,
  question: Partial<RecordQuestion> = {},
): ReturnType<typeof searchRecords> {
  return await searchRecords(everyRecord(), new NumberedDocuments(), {
    query: parseQuery(query),
    order: 'desc',
    limit: 50,
    ...question,
  });
}

it('answers only what matches, whatever the index says', async () => {
  const { records, stoppedAt } = await search('number:11999 or number:11000');
  expect(records).toEqual([{ number: 11_999 }, { number: 11_000 }]);
  expect(stoppedAt).toBe(SIZE - MAX_SEARCHED_RECORDS);
});

it('looks at a bounded number of records and says where it stopped', async () => {
  let { records, stoppedAt } = await search('number:3');
  const pages = [{ records, stoppedAt }];
  while (stoppedAt !== undefined) {
    ({ records, stoppedAt } = await search('number:3', { after: stoppedAt }));
    pages.push({ records, stoppedAt });
  }
  expect(pages.map((page) => page.stoppedAt)).toEqual([7000, 2000, undefined]);
  expect(pages.flatMap((page) => page.records)).toEqual([{ number: 3 }]);
});

it('says that there is no more exactly when there is none', async () => {
  expect((await search('number <= 49')).stoppedAt).toBe(SIZE - MAX_SEARCHED_RECORDS);
  expect(await search('number < 50', { after: 50 })).toEqual({
    records: Array.from({ length: 50 }, (_, i) => ({ number: 49 - i })),
  });
  expect((await search('number < 50', { after: 50, limit: 49 })).stoppedAt).toBe(1);
});

it('asks the index for no more than it answers', async () => {
  const index = everyRecord();
  await searchRecords(index, new NumberedDocuments(), {
    query: parseQuery('no:match'),
    order: 'desc',
    limit: 1000,
  });
  expect(index.largest).toBeLessThanOrEqual(MAX_CANDIDATES);
});
