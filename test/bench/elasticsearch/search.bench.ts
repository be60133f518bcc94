import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Client } from '@elastic/elasticsearch';
import { expect, test } from 'vitest';
import { createBlindKey } from '../../../packages/exporter/src/blind-key.ts';
import { openElasticsearch } from '../../../packages/exporter/src/elasticsearch/index.ts';
import { ElasticsearchReader } from '../../../packages/exporter/src/search/elasticsearch/index.ts';
import {
  blindValueToken,
  blindWordToken,
  valueToken,
} from '../../../packages/exporter/src/search/embedded/tokens.ts';
import { openEmbeddedIndex } from '../../../packages/exporter/src/search/index.ts';
import { parseQuery } from '../../../packages/exporter/src/search/query/index.ts';
import type { SearchReader } from '../../../packages/exporter/src/search/search-index.ts';
import { makeAuditStream } from '../../real/elasticsearch/audit-stream.ts';
import { startElasticsearch } from '../../real/elasticsearch/node.ts';
import { describeMachine, median, printLines, quantile } from '../statistics.ts';
import { makeDocument, personOf, sessionOf, timeOf, wordOf } from './synthetic-documents.ts';

/** Records; fewer to try the benchmark itself. */
const SIZE = Number(process.env['SPANLEDGER_BENCH_RECORDS'] ?? 1_000_000);
/** A folder in which what was loaded stays for another run. */
const KEPT = process.env['SPANLEDGER_BENCH_KEEP'];
const BATCH = 4096;
const BULK = 2000;
const WARM_UP = 50;
const SEARCHES = 300;
const LIMIT = 50;
const HOUR = 90_000;
const ORIGIN = 'bench.example/audit';
const KEY = new Uint8Array(32).fill(7);

/** One kind of search: in the query language, in SQL's words and in Elasticsearch's. */
interface Kind {
  name: string;
  order: 'asc' | 'desc';
  query: (at: number) => string;
  /** The expression for the full-text table, and the rows that may match. */
  sql: (at: number) => { expression: string; from: number; to: number };
  dsl: (at: number) => Record<string, unknown>[];
}

const blind = createBlindKey(KEY);
const hourOf = (at: number): [from: number, to: number] => {
  const from = Math.min(at, Math.max(0, SIZE - HOUR));
  return [from, Math.min(SIZE, from + HOUR)];
};
const everyRow = { from: 0, to: SIZE };

const KINDS: readonly Kind[] = [
  {
    name: 'timeline of a session',
    order: 'asc',
    query: (at) => `audit.session.id:${sessionOf(at)}`,
    sql: (at) => ({ expression: `"${valueToken('audit.session.id', sessionOf(at))}"`, ...everyRow }),
    dsl: (at) => [{ term: { 'audit.session.id': sessionOf(at) } }],
  },
  {
    name: 'a person within an hour',
    order: 'desc',
    query: (at) => {
      const [from, to] = hourOf(at);
      return `user.id:"${personOf(at)}" and @timestamp >= "${timeOf(from)}" and @timestamp < "${timeOf(to)}"`;
    },
    sql: (at) => {
      const [from, to] = hourOf(at);
      return { expression: `"${blindValueToken(blind, 'user.id', personOf(at))}"`, from, to };
    },
    dsl: (at) => {
      const [from, to] = hourOf(at);
      return [
        { term: { 'user.id': personOf(at) } },
        { range: { '@timestamp': { gte: timeOf(from), lt: timeOf(to) } } },
      ];
    },
  },
  {
    name: 'free text: a route, which a 40th has',
    order: 'desc',
    query: (at) => `route-${at % 40}`,
    sql: (at) => ({
      expression: `"${blindWordToken(blind, 'route')}" AND "${blindWordToken(blind, String(at % 40))}"`,
      ...everyRow,
    }),
    dsl: (at) => [{ match_phrase: { words: `route ${at % 40}` } }],
  },
  {
    name: 'free text: a word of an attribute, which 200 have',
    order: 'desc',
    query: wordOf,
    sql: (at) => ({ expression: `"${blindWordToken(blind, wordOf(at))}"`, ...everyRow }),
    dsl: (at) => [{ wildcard: { attributes: { value: `*${wordOf(at)}*` } } }],
  },
];

test(`searching ${SIZE.toLocaleString('en')} records`, { timeout: 1_800_000 }, async () => {
  await using stack = new AsyncDisposableStack();
  const folder = KEPT ?? (await mkdtemp(join(tmpdir(), 'spanledger-search-')));
  if (KEPT === undefined) stack.defer(() => rm(folder, { recursive: true, force: true }));
  const loaded = await load(folder, stack);
  const embedded = openEmbeddedIndex({ file: join(folder, 'index.db'), key: KEY, readOnly: true });
  stack.defer(() => embedded.close());
  const database = new DatabaseSync(join(folder, 'index.db'), { readOnly: true });
  stack.defer(() => database.close());
  const { client, stream } = loaded;
  const elasticsearch = new ElasticsearchReader({ client, stream, origin: ORIGIN, position: () => SIZE });
  const lines = [describeMachine(), ...loaded.lines];
  for (const kind of KINDS) {
    const sides: [string, (at: number) => Promise<number>][] = [
      ['embedded', (at) => search(embedded, kind, at)],
      ['  its SQL alone', (at) => Promise.resolve(searchRaw(database, kind, at))],
      ['Elasticsearch', (at) => search(elasticsearch, kind, at)],
      ['  its DSL alone', (at) => searchDsl(client, stream, kind, at)],
    ];
    lines.push(kind.name);
    for (const [name, run] of sides) lines.push(`  ${name.padEnd(16)} ${await measure(run)}`);
  }
  lines.push(
    await measureNumbers('embedded', embedded),
    await measureNumbers('Elasticsearch', elasticsearch),
  );
  printLines(lines);
});

async function measure(run: (at: number) => Promise<number>): Promise<string> {
  const tookMs: number[] = [];
  let found = 0;
  for (let i = 0; i < WARM_UP + SEARCHES; i++) {
    const at = (Math.imul(i + 1, 2_654_435_761) >>> 0) % SIZE;
    const startedMs = performance.now();
    found += await run(at);
    if (i >= WARM_UP) tookMs.push(performance.now() - startedMs);
  }
  expect(found).toBeGreaterThan(0);
  const [p50, p95] = [median(tookMs), quantile(tookMs, 0.95)];
  return `p50 ${p50.toFixed(2)} ms, p95 ${p95.toFixed(2)} ms, ${(found / (WARM_UP + SEARCHES)).toFixed(1)} found`;
}

async function measureNumbers(name: string, index: SearchReader): Promise<string> {
  const startedMs = performance.now();
  const failures = await index.tally({ query: parseQuery('event.outcome:failure') });
  const countedMs = performance.now();
  const hours = await index.tally({ query: parseQuery('*'), interval: 'hour' });
  const tookMs = performance.now() - countedMs;
  expect(failures).toEqual({ sure: new Map([[0, SIZE / 50]]), unsure: [], others: 0 });
  expect([...hours.sure.values()].reduce((sum, count) => sum + count)).toBe(SIZE);
  return `${name}: count of failures ${(countedMs - startedMs).toFixed(1)} ms, all by the hour ${tookMs.toFixed(1)} ms`;
}

async function search(index: SearchReader, { query, order }: Kind, at: number): Promise<number> {
  const page = await index.candidates({ query: parseQuery(query(at)), order, limit: LIMIT });
  return page.indexes.length;
}

function searchRaw(database: DatabaseSync, { sql, order }: Kind, at: number): number {
  const { expression, from, to } = sql(at);
  const rows = database
    .prepare(
      `SELECT rowid FROM postings WHERE postings MATCH ? AND rowid > ? AND rowid <= ? ORDER BY rowid ${order} LIMIT ?`,
    )
    .all(expression, BigInt(from), BigInt(to), LIMIT);
  return rows.length;
}

async function searchDsl(client: Client, stream: string, { dsl, order }: Kind, at: number): Promise<number> {
  const { hits } = await client.search({
    index: stream,
    query: { bool: { filter: dsl(at) } },
    sort: [{ 'audit.ledger.index': order }],
    size: LIMIT,
    _source: false,
    stored_fields: '_none_',
    track_total_hits: false,
  });
  return hits.hits.length;
}

/** Loads both indexes, or finds them loaded. */
async function load(
  folder: string,
  stack: AsyncDisposableStack,
): Promise<{ client: Client; stream: string; lines: string[] }> {
  const note = join(folder, 'stream');
  if (existsSync(note)) {
    const [url = '', stream = ''] = (await readFile(note, 'utf8')).split(' ');
    const client = stack.adopt(await openElasticsearch({ url }), (opened) => opened.close());
    return { client, stream, lines: [] };
  }
  await mkdir(folder, { recursive: true });
  const indexedMs = await loadEmbedded(join(folder, 'index.db'));
  const running = process.env['SPANLEDGER_TEST_ELASTICSEARCH'];
  const url = running ?? stack.adopt(await startElasticsearch(), (node) => node.close()).url;
  const audit = await makeAuditStream(url);
  if (KEPT === undefined) stack.use(audit);
  const bulkMs = await loadElasticsearch(audit.client, audit.stream);
  if (KEPT !== undefined) await writeFile(note, `${url} ${audit.stream}`);
  const rate = (tookMs: number): string => Math.round((SIZE / tookMs) * 1000).toLocaleString('en');
  const lines = [`loaded with ${rate(indexedMs)} (embedded) and ${rate(bulkMs)} (Elasticsearch) records/s`];
  return { client: audit.client, stream: audit.stream, lines };
}

async function loadEmbedded(file: string): Promise<number> {
  const startedMs = performance.now();
  const index = openEmbeddedIndex({ file, key: KEY });
  for (let from = 0; from < SIZE; from += BATCH) {
    const to = Math.min(SIZE, from + BATCH);
    const records = Array.from({ length: to - from }, (_, i) => ({
      index: from + i,
      document: makeDocument(from + i, ORIGIN),
    }));
    await index.add(records, to);
  }
  index.close();
  return performance.now() - startedMs;
}

async function loadElasticsearch(client: Client, stream: string): Promise<number> {
  const startedMs = performance.now();
  for (let from = 0; from < SIZE; from += BULK) {
    const operations: string[] = [];
    for (let index = from; index < Math.min(SIZE, from + BULK); index++) {
      operations.push('{"create":{}}', JSON.stringify(makeDocument(index, ORIGIN)));
    }
    const { errors } = await client.bulk({ index: stream, operations, filter_path: 'errors' });
    expect(errors).toBe(false);
  }
  await client.indices.refresh({ index: stream });
  return performance.now() - startedMs;
}
