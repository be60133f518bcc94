import type { JsonObject, JsonValue } from '@spanledger/record';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  type ElasticsearchConfig,
  type IndexReport,
  reindexElasticsearch,
  type ReindexReport,
  verifyElasticsearch,
} from '@spanledger/audit-exporter';
import { caughtUp } from '../../support/elasticsearch/caught-up.ts';
import { countIds, makeTestStream, type TestStream } from '../../support/elasticsearch/stream.ts';
import {
  makeDataDirectory,
  sendTraces,
  startTestService,
  testConfig,
} from '../../support/exporter/service.ts';
import { createSender, sessionAttributes, toProtobuf } from '../../support/exporter/spans.ts';
import { sharedElasticsearch } from './shared.ts';

const RECORDS = 600;

let stream: TestStream;
let data: Awaited<ReturnType<typeof makeDataDirectory>>;

beforeAll(async () => {
  stream = await makeTestStream(await sharedElasticsearch());
  data = await makeDataDirectory();
  const service = await startTestService(data.path, environment());
  const sender = createSender('shop');
  for (let sent = 0; sent < RECORDS; sent += 200) {
    const spans = Array.from({ length: 200 }, (_, i) =>
      sender.span({
        attributes: { ...sessionAttributes(`person ${i % 7}`, `s-${i % 9}`), 'order.total': i },
      }),
    );
    await sendTraces(service.url, toProtobuf(spans));
    // Records of two backing indices.
    await caughtUp(service.url);
    if (sent === 200) await stream.client.indices.rollover({ alias: stream.stream });
  }
  await service.close();
});

afterAll(async () => {
  await data.remove();
  await stream[Symbol.asyncDispose]();
});

function environment(): NodeJS.ProcessEnv {
  return { SPANLEDGER_ELASTICSEARCH_URL: stream.url, SPANLEDGER_ELASTICSEARCH_NAMESPACE: stream.namespace };
}

function configured(): ElasticsearchConfig {
  const { elasticsearch } = testConfig(data.path, environment());
  if (elasticsearch === undefined) throw new Error('no Elasticsearch is configured');
  return elasticsearch;
}

async function verify(): Promise<IndexReport> {
  return verifyElasticsearch(data.path, { elasticsearch: configured() });
}

interface Stored {
  id: string;
  backing: string;
  source: JsonObject;
}

/** The document of a record, as it is stored. */
async function stored(index: number): Promise<Stored> {
  const { hits } = await stream.client.search<JsonObject>({
    index: stream.stream,
    query: { term: { 'audit.ledger.index': index } },
  });
  const [hit] = hits.hits;
  if (hit?._id === undefined || hit._source === undefined) throw new Error(`no document of record ${index}`);
  return { id: hit._id, backing: hit._index, source: hit._source };
}

async function overwrite(backing: string, id: string, document: JsonObject): Promise<void> {
  const { _seq_no, _primary_term } = await stream.client.get({ index: backing, id });
  await stream.client.index({
    index: backing,
    id,
    document,
    ...(_seq_no !== undefined && { if_seq_no: _seq_no }),
    ...(_primary_term !== undefined && { if_primary_term: _primary_term }),
  });
}

/** Makes the index what the ledger has. */
async function mend(from: number, to: number): Promise<ReindexReport> {
  return reindexElasticsearch(data.path, {
    elasticsearch: configured(),
    from,
    to,
    signal: AbortSignal.timeout(60_000),
  });
}

/** A document with another value at a path. */
function changeAt(document: JsonObject, path: readonly string[]): JsonObject {
  const changed = structuredClone(document);
  let object: JsonObject = changed;
  for (const name of path.slice(0, -1)) object = memberOf(object, name);
  const last = path.at(-1) ?? '';
  object[last] = changedValue(object[last]);
  return changed;
}

function changedValue(value: JsonValue | undefined): JsonValue {
  if (typeof value === 'number') return value + 1;
  // What no longer is a time would be refused.
  if (typeof value === 'string' && value.endsWith('Z')) return value.replace(/.Z$/, '7Z');
  return typeof value === 'string' ? `${value}x` : 'changed';
}

function memberOf(object: JsonObject, name: string): JsonObject {
  const member = object[name];
  if (typeof member !== 'object' || member === null || Array.isArray(member)) throw new Error(name);
  return member;
}

function* leafPaths(value: JsonObject, path: string[]): Generator<string[]> {
  for (const [name, member] of Object.entries(value)) {
    const here = [...path, name];
    if (typeof member === 'object' && member !== null && !Array.isArray(member))
      yield* leafPaths(member, here);
    else yield here;
  }
}

test('an index that is as the ledger has it', async () => {
  expect(await verify()).toMatchObject({
    ok: true,
    size: RECORDS,
    compared: RECORDS,
    failures: [],
    others: {},
  });
});

test('documents that were deleted and altered are named, and mended by indexing again', async () => {
  const [deleted, altered] = [await stored(3), await stored(RECORDS - 3)];
  await stream.client.delete({ index: deleted.backing, id: deleted.id, refresh: true });
  await overwrite(altered.backing, altered.id, { ...altered.source, user: { id: 'somebody else' } });
  const report = await verify();
  expect(report.failures).toMatchObject([
    { code: 'indexed_record_missing', place: { index: 3, id: deleted.id } },
    {
      code: 'indexed_record_altered',
      place: { index: RECORDS - 3, id: altered.id, backing: altered.backing },
    },
  ]);
  expect(JSON.stringify(report)).not.toContain('somebody else');
  expect(await mend(0, 100)).toEqual({ records: 100, created: 1, replaced: 0, refused: 0 });
  expect(await mend(0, RECORDS)).toEqual({ records: RECORDS, created: 0, replaced: 1, refused: 0 });
  expect((await verify()).failures).toEqual([]);
  expect(await mend(0, RECORDS)).toEqual({ records: RECORDS, created: 0, replaced: 0, refused: 0 });
});

test('documents of which any field was changed, added or removed', async () => {
  const { source } = await stored(100);
  const paths = [...leafPaths(source, [])];
  const expected = new Map<string, string>();
  // Each in a document of its own, so that one verification has to name them all.
  for (const [i, path] of paths.entries()) {
    const document = await stored(100 + i);
    await overwrite(document.backing, document.id, changeAt(document.source, path));
    expected.set(document.id, path.join('.'));
  }
  const added = await stored(400);
  await overwrite(added.backing, added.id, { ...added.source, note: 'hello' });
  expected.set(added.id, 'an added one');
  const removed = await stored(401);
  const { service: _service, ...without } = removed.source;
  await overwrite(removed.backing, removed.id, without);
  expected.set(removed.id, 'a removed one');
  expect(paths.length).toBeGreaterThan(25);
  const { failures } = await verify();
  const named = new Set(
    failures.filter(({ code }) => code === 'indexed_record_altered').map(({ place }) => place.id),
  );
  expect([...expected].filter(([id]) => !named.has(id))).toEqual([]);
  expect(named.size).toBe(expected.size);
  expect(failures.find(({ place }) => place.id === removed.id)?.detail).toContain('at service');
  expect(await mend(0, RECORDS)).toMatchObject({ created: 0, replaced: expected.size });
  expect((await verify()).failures).toEqual([]);
});

test('documents that were injected, with and without a place in the ledger', async () => {
  const { source } = await stored(7);
  for (const document of [source, { '@timestamp': '2026-01-01T00:00:00Z', user: { id: 'mallory' } }]) {
    const { _index: backing } = await stream.client.create({
      index: stream.stream,
      id: 'injected',
      document,
      refresh: true,
    });
    const report = await verify();
    expect(report.failures).toMatchObject([
      { code: 'indexed_record_foreign', place: { id: 'injected', backing } },
    ]);
    await stream.client.delete({ index: backing, id: 'injected', refresh: true });
  }
});

test('a document that is in two backing indices', async () => {
  const { id, source, backing } = await stored(7);
  const { _index: second } = await stream.client.create({
    index: stream.stream,
    id,
    document: source,
    refresh: true,
  });
  expect(second).not.toBe(backing);
  const report = await verify();
  expect(report.failures).toMatchObject([{ code: 'indexed_record_duplicated', place: { index: 7, id } }]);
  await stream.client.delete({ index: second, id, refresh: true });
  expect((await countIds(stream)).size).toBe(RECORDS);
});

test('documents of another log in the same stream are told, and are no failure', async () => {
  const { source } = await stored(7);
  const audit = memberOf(source, 'audit');
  const other = {
    ...source,
    audit: { ...audit, ledger: { ...memberOf(audit, 'ledger'), origin: 'other.example' } },
  };
  const { hash } = await import('node:crypto');
  const id = `${hash('sha256', 'other.example').slice(0, 32)}-0000000000000007`;
  const { _index: backing } = await stream.client.create({
    index: stream.stream,
    id,
    document: other,
    refresh: true,
  });
  expect(await verify()).toMatchObject({ ok: true, others: { 'other.example': 1 } });
  await stream.client.delete({ index: backing, id, refresh: true });
});
