import { beforeEach, expect, it } from 'vitest';

import { LayeredIndex } from '../../../packages/exporter/src/search/layered-index.ts';
import type { ChoosyReader, SearchTrouble } from '../../../packages/exporter/src/search/layered-index.ts';
import { parseQuery } from '../../../packages/exporter/src/search/query/index.ts';
import type {
  CandidateRequest,
  SearchIndex,
  SearchReader,
} from '../../../packages/exporter/src/search/search-index.ts';

const PUBLISHED = 20;
const INDEXED = 12;

/** Has every record below a position, and says who asked. */
function readerOf(name: string, position: () => number, asked: string[]): SearchReader {
  return {
    position,
    candidates({ order, after, limit }: CandidateRequest) {
      asked.push(name);
      const all = Array.from({ length: position() }, (_, i) => i);
      const ordered = order === 'asc' ? all : all.toReversed();
      const beyond = ordered.filter(
        (index) => after === undefined || (order === 'asc' ? index > after : index < after),
      );
      return Promise.resolve({ indexes: beyond.slice(0, limit), done: beyond.length <= limit });
    },
    tally({ query }) {
      asked.push(name);
      const [first] = query.type === 'and' ? query.operands : [];
      const from = first?.type === 'compare' && first.operand.type === 'number' ? first.operand.value : 0;
      return Promise.resolve({ sure: new Map([[0, position() - from]]), unsure: [], others: 0 });
    },
  };
}

let asked: string[];
let troubles: (SearchTrouble | undefined)[];
let nowMs: number;
let indexed: number;
let failure: Error | undefined;
let index: LayeredIndex;

beforeEach(() => {
  asked = [];
  troubles = [];
  nowMs = 1_000_000;
  indexed = INDEXED;
  failure = undefined;
  const embedded: SearchIndex = {
    ...readerOf('embedded', () => PUBLISHED, asked),
    name: 'index',
    process: () => Promise.resolve(),
    close: () => undefined,
  };
  const elasticsearch: ChoosyReader = {
    ...readerOf('elasticsearch', () => indexed, asked),
    canFind: (query) =>
      failure === undefined ? Promise.resolve(query.type !== 'text') : Promise.reject(failure),
  };
  index = new LayeredIndex({
    embedded,
    elasticsearch,
    onTrouble: (trouble) => troubles.push(trouble),
    now: () => nowMs,
  });
});

const all = parseQuery('*');

it.each(['asc', 'desc'] as const)('answers every record once, in pages of any size: %s', async (order) => {
  const expected = Array.from({ length: PUBLISHED }, (_, i) => (order === 'asc' ? i : PUBLISHED - 1 - i));
  for (let limit = 1; limit <= PUBLISHED + 1; limit++) {
    const found: number[] = [];
    for (let done = false; !done;) {
      const after = found.at(-1);
      const page = await index.candidates({
        query: all,
        order,
        limit,
        ...(after !== undefined && { after }),
      });
      expect(page.indexes.length).toBeLessThanOrEqual(limit);
      found.push(...page.indexes);
      done = page.done;
    }
    expect(found, `limit ${limit}`).toEqual(expected);
  }
  expect(new Set(asked)).toEqual(new Set(['embedded', 'elasticsearch']));
});

it('asks Elasticsearch for what it has, and for nothing else', async () => {
  const page = await index.candidates({ query: all, order: 'desc', limit: 5, after: INDEXED });
  expect(page.answeredBy).toBeUndefined();
  expect(asked).toEqual(['elasticsearch']);
  asked.length = 0;
  await index.candidates({ query: all, order: 'asc', limit: 5 });
  expect(asked).toEqual(['elasticsearch']);
  asked.length = 0;
  const words = await index.candidates({ query: parseQuery('words'), order: 'asc', limit: 5 });
  expect(words.answeredBy).toBe('embedded');
  indexed = 0;
  await index.candidates({ query: all, order: 'asc', limit: 5 });
  expect(asked).toEqual(['embedded', 'embedded']);
});

it('counts each record once', async () => {
  expect(await index.tally({ query: all })).toEqual({
    sure: new Map([[0, PUBLISHED]]),
    unsure: [],
    others: 0,
  });
  expect(asked.toSorted()).toEqual(['elasticsearch', 'embedded']);
});

it('answers from the embedded index while Elasticsearch fails, and tells it once', async () => {
  failure = new Error('down');
  const ask = (): Promise<unknown> => index.candidates({ query: all, order: 'desc', limit: 100 });
  expect(await ask()).toEqual({
    indexes: expect.objectContaining({ length: PUBLISHED }),
    done: true,
    answeredBy: 'embedded',
  });
  expect(await index.tally({ query: all })).toMatchObject({ answeredBy: 'embedded' });
  expect(asked).toEqual(['embedded', 'embedded']);
  expect(troubles).toEqual([expect.objectContaining({ error: failure, sinceMs: nowMs })]);
  expect(index.trouble?.sinceMs).toBe(nowMs);
  failure = undefined;
  await ask();
  expect(asked.slice(2)).toEqual(['embedded']);
  nowMs += 10_000;
  await ask();
  expect(asked.slice(3)).toEqual(['embedded', 'elasticsearch']);
  expect(troubles.slice(1)).toEqual([undefined]);
  expect(index.trouble).toBeUndefined();
});
