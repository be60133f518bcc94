import type { JsonObject } from '@spanledger/record';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import type { HistogramInterval, SearchOrder } from '../../../packages/exporter/src/archive-types.ts';
import { bucketStart } from '../../../packages/exporter/src/search/buckets.ts';
import type { IndexedRecord, SearchIndexDriver } from '../../../packages/exporter/src/search/search-index.ts';
import { evaluate, parseQuery } from '../../../packages/exporter/src/search/query/index.ts';
import { anyDocument, anyQuery } from './documents.ts';

/** How the suite gets at a driver. */
export interface DriverHarness {
  /** Opens what was closed, or something empty after {@link clear}. */
  open(): SearchIndexDriver;
  clear(): Promise<void>;
}

const day = (date: number): string => `2026-11-${String(date).padStart(2, '0')}T00:00:00.000000000Z`;

function makeDocument(index: number, fields: JsonObject = {}): JsonObject {
  return {
    '@timestamp': day(1 + (index % 28)),
    event: { outcome: index % 2 ? 'failure' : 'success' },
    ...fields,
  };
}

function bucketOf(document: JsonObject | undefined, interval: HistogramInterval | undefined): number {
  const timestamp = document?.['@timestamp'];
  if (interval === undefined || typeof timestamp !== 'string') return 0;
  return bucketStart(interval, Date.parse(timestamp));
}

function add(counts: Map<number, number>, key: number): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

function inOrder(counts: ReadonlyMap<number, number>): [number, number][] {
  return [...counts].toSorted(([a], [b]) => a - b);
}

/**
 * What every driver of the index must do.
 *
 * @param name - of the driver
 * @param numRuns - how many logs each property is tried on
 */
export function describeSearchIndex(
  name: string,
  createHarness: () => Promise<DriverHarness>,
  numRuns = 150,
): void {
  describe(`search index: ${name}`, () => {
    let harness: DriverHarness;
    let driver: SearchIndexDriver;

    beforeEach(async () => {
      harness = await createHarness();
      driver = harness.open();
    });
    afterEach(async () => {
      driver.close();
      await harness.clear();
    });

    async function addAll(documents: JsonObject[]): Promise<void> {
      await driver.add(
        documents.map((document, index) => ({ index, document })),
        documents.length,
      );
    }

    async function replaceAll(documents: JsonObject[]): Promise<void> {
      driver.close();
      await harness.clear();
      driver = harness.open();
      await addAll(documents);
    }

    async function search(query: string, order: SearchOrder, limit = 100, after?: number): Promise<number[]> {
      const parsed = parseQuery(query);
      const page = await driver.candidates({
        query: parsed,
        order,
        limit,
        ...(after !== undefined && { after }),
      });
      return page.indexes;
    }

    it('begins at position 0 and holds nothing', async () => {
      expect(driver.position()).toBe(0);
      expect(await driver.candidates({ query: parseQuery('*'), order: 'desc', limit: 10 })).toEqual({
        indexes: [],
        done: true,
      });
    });

    it('keeps records and position over a restart', async () => {
      await addAll([makeDocument(0), makeDocument(1)]);
      driver.close();
      driver = harness.open();
      expect(driver.position()).toBe(2);
      expect(await search('*', 'desc')).toEqual([1, 0]);
    });

    it('moves on over records it was not given', async () => {
      await driver.add([{ index: 5, document: makeDocument(5) }], 9);
      expect(driver.position()).toBe(9);
      expect(await search('*', 'asc')).toEqual([5]);
    });

    it('answers in both orders and page by page', async () => {
      await addAll(Array.from({ length: 20 }, (_, i) => makeDocument(i)));
      expect(await search('event.outcome:failure', 'desc', 3)).toEqual([19, 17, 15]);
      expect(await search('event.outcome:failure', 'desc', 3, 15)).toEqual([13, 11, 9]);
      expect(await search('event.outcome:failure', 'asc', 3, 1)).toEqual([3, 5, 7]);
      const last = await driver.candidates({ query: parseQuery('*'), order: 'asc', limit: 20 });
      expect(last).toMatchObject({ done: true });
      const first = await driver.candidates({ query: parseQuery('*'), order: 'asc', limit: 19 });
      expect(first).toMatchObject({ done: false });
    });

    it('forgets what opened groups said once that is prepared, over a restart and twice, and nothing else', async () => {
      const opened = (index: number, id: string): IndexedRecord => ({
        index,
        document: makeDocument(index),
        openings: { identity: { salt: 'AAAAAAAAAAAAAAAAAAAAAA', value: { user: { id } } } },
      });
      await driver.add([opened(0, 'alice'), opened(1, 'bob'), opened(2, 'alice')], 3);
      await driver.prepareErasure([opened(0, 'alice'), opened(2, 'alice')]);
      expect(await search('user.id:alice', 'asc')).toEqual([0, 2]);
      driver.close();
      driver = harness.open();
      // Nobody can read them any more.
      await driver.prepareErasure([0, 2].map((index) => ({ index, document: makeDocument(index) })));
      await driver.erase([0, 1, 2]);
      await driver.erase([0, 2]);
      driver.settle();
      expect(await search('user.id:alice', 'asc')).toEqual([]);
      expect(await search('user.id:bob', 'asc')).toEqual([1]);
      expect(await search('not user.id:*', 'asc')).toEqual([0, 2]);
      expect(await search('*', 'asc')).toEqual([0, 1, 2]);
      expect(await search('event.outcome:success', 'asc')).toEqual([0, 2]);
      expect(driver.position()).toBe(3);
    });

    it('forgets what is taken out, and nothing else, over a restart too', async () => {
      await addAll(Array.from({ length: 600 }, (_, i) => makeDocument(i)));
      const gone = [...Array.from({ length: 256 }, (_, i) => i), 300, 599];
      await driver.remove(gone.map((index) => ({ index, document: makeDocument(index) })));
      await driver.remove([300, 700].map((index) => ({ index, document: makeDocument(index) })));
      driver.close();
      driver = harness.open();
      expect(driver.position()).toBe(600);
      const left = Array.from({ length: 600 }, (_, i) => i).filter((i) => !gone.includes(i));
      expect(await search('*', 'asc', 1000)).toEqual(left);
      const { sure, unsure, others } = await driver.tally({ query: parseQuery('*'), interval: 'day' });
      const counted = [...sure.values()].reduce((sum, one) => sum + one, 0);
      expect(counted + unsure.length + others).toBe(left.length);
    });

    it('leaves most records out where a term is selective', async () => {
      const users = Array.from({ length: 1000 }, (_, i) => ({
        user: { id: `user-${i % 100}`, email: `a@host${i % 50}.example` },
        client: { address: `10.${i % 20}.1.1` },
        http: { response: { status_code: i % 100 === 7 ? 503 : 200 } },
        attributes: { note: `parcel p${i % 10}` },
      }));
      await addAll(users.map((fields, i) => makeDocument(i, fields)));
      const count = async (query: string): Promise<number> => (await search(query, 'asc', 1000)).length;
      expect(await count('user.id:user-7')).toBe(10);
      expect(await count('user.email:*@host7.example')).toBe(20);
      expect(await count('client.address:10.7.0.0/16')).toBe(50);
      expect(await count('http.response.status_code >= 500')).toBe(10);
      expect(await count('"parcel p7"')).toBe(100);
      expect(await count('not http.response.status_code:200')).toBe(10);
      expect(await count('user.id:user-7 and not event.outcome:success')).toBe(10);
    });

    it('looks only at the stretch of the log that a time range names', async () => {
      await addAll(
        Array.from({ length: 2560 }, (_, i) => makeDocument(i, { '@timestamp': day(1 + (i >> 8)) })),
      );
      expect(await search('@timestamp:2026-11-03', 'asc', 1000)).toEqual(
        Array.from({ length: 256 }, (_, i) => 512 + i),
      );
      expect((await search('@timestamp >= 2026-11-10', 'desc', 1000)).length).toBe(256);
      expect(await search('@timestamp < 2026-11-01', 'desc')).toEqual([]);
    });

    it('counts, by stretches of time as well', async () => {
      await addAll(Array.from({ length: 600 }, (_, i) => makeDocument(i, { user: { id: `user-${i % 3}` } })));
      const counted = async (query: string, interval?: HistogramInterval): Promise<[number, number][]> => {
        const tally = await driver.tally({
          query: parseQuery(query),
          ...(interval !== undefined && { interval }),
        });
        expect(tally, query).toMatchObject({ unsure: [], others: 0 });
        return [...tally.sure].toSorted(([a], [b]) => a - b);
      };
      const start = (date: number): number => Date.UTC(2026, 10, date);
      expect(await counted('*')).toEqual([[0, 600]]);
      expect(await counted('event.outcome:failure')).toEqual([[0, 300]]);
      expect(await counted('user.id:user-1 and not event.outcome:failure')).toEqual([[0, 100]]);
      expect(await counted('user.id:nobody')).toEqual([]);
      expect(await counted('@timestamp:2026-11-02', 'day')).toEqual([[start(2), 22]]);
      expect(await counted('@timestamp >= 2026-11-27 and event.outcome:failure', 'day')).toEqual([
        [start(28), 21],
      ]);
      expect(await counted('@timestamp < 2026-11-03', 'week')).toEqual([
        [Date.UTC(2026, 9, 26), 22],
        [start(2), 22],
      ]);
      expect(await counted('*', 'month')).toEqual([[start(1), 600]]);
      expect(await counted('*', 'year')).toEqual([[Date.UTC(2026, 0, 1), 600]]);
    });

    it('tells apart what it counts for sure and what has to be looked at', { timeout: 60_000 }, async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(anyDocument, { minLength: 1, maxLength: 25 }),
          fc.array(anyQuery, { minLength: 10, maxLength: 10 }),
          fc.constantFrom(undefined, 'hour' as const, 'week' as const),
          async (documents, queries, interval) => {
            await replaceAll(documents);
            for (const text of queries) {
              const query = parseQuery(text);
              const { sure, unsure, others } = await driver.tally({
                query,
                ...(interval !== undefined && { interval }),
              });
              const looked = unsure.filter((i) => evaluate(query, documents[i] ?? {}));
              for (const i of looked) add(sure, bucketOf(documents[i], interval));
              const expected = new Map<number, number>();
              for (const document of documents) {
                if (evaluate(query, document)) add(expected, bucketOf(document, interval));
              }
              expect(others, text).toBe(0);
              expect(inOrder(sure), text).toEqual(inOrder(expected));
            }
          },
        ),
        { numRuns },
      );
    });

    it('answers at least every record that matches, whatever is asked', { timeout: 60_000 }, async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(anyDocument, { minLength: 1, maxLength: 25 }),
          fc.array(anyQuery, { minLength: 10, maxLength: 10 }),
          async (documents, queries) => {
            await replaceAll(documents);
            for (const text of queries) {
              const query = parseQuery(text);
              const { indexes } = await driver.candidates({ query, order: 'asc', limit: 1000 });
              const matching = documents.flatMap((document, i) => (evaluate(query, document) ? [i] : []));
              const found = indexes.filter((i) => evaluate(query, documents[i] ?? {}));
              expect(found, text).toEqual(matching);
              const newestFirst = await driver.candidates({ query, order: 'desc', limit: 1000 });
              expect(newestFirst.indexes.toReversed(), text).toEqual(indexes);
            }
          },
        ),
        { numRuns },
      );
    });
  });
}
