import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from '@elastic/elasticsearch';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  IndexFollower,
  type IndexFollowerStatus,
  type IndexNotice,
  IndexState,
} from '../../../packages/exporter/src/search/elasticsearch/index.ts';
import { MadeUpLog } from '../../support/elasticsearch/followed-log.ts';
import { type FaultProxy, startFaultProxy } from '../../support/elasticsearch/fault-proxy.ts';
import { countIds, makeTestStream, type TestStream } from '../../support/elasticsearch/stream.ts';
import { waitFor } from '../../support/exporter/service.ts';
import { sharedElasticsearch } from './shared.ts';

let stream: TestStream;
let proxy: FaultProxy;
let directory: string;
let log: MadeUpLog;
let followers: Running[] = [];

interface Running {
  follower: IndexFollower;
  state: IndexState;
  notices: IndexNotice[];
  statuses: IndexFollowerStatus[];
  errors: unknown[];
  stop: () => Promise<void>;
}

beforeEach(async () => {
  stream = await makeTestStream(await sharedElasticsearch());
  proxy = await startFaultProxy(stream.url);
  directory = await mkdtemp(join(tmpdir(), 'spanledger-follower-'));
  log = new MadeUpLog(`log.example/${stream.namespace}`);
});

afterEach(async () => {
  for (const running of followers) await running.stop();
  followers = [];
  await proxy[Symbol.asyncDispose]();
  await stream[Symbol.asyncDispose]();
  await rm(directory, { recursive: true, force: true });
});

/** Starts a follower as a start of the service does. */
function follow(requestTimeoutMs = 5_000): Running {
  const client = new Client({ node: proxy.url });
  const state = new IndexState(join(directory, 'elasticsearch.db'));
  const notices: IndexNotice[] = [];
  const statuses: IndexFollowerStatus[] = [];
  const errors: unknown[] = [];
  const follower = new IndexFollower({
    writer: client,
    reader: client,
    stream: stream.stream,
    log: { origin: log.origin, size: log.size },
    documents: log,
    ledger: log,
    state,
    onStatus: (status) => statuses.push(status),
    onNotice: (notice) => notices.push(notice),
    onError: (error) => errors.push(error),
    requestTimeoutMs,
  });
  follower.start();
  let stopped: Promise<void> | undefined;
  const running: Running = {
    follower,
    state,
    notices,
    statuses,
    errors,
    stop: () =>
      (stopped ??= (async () => {
        await follower.finish(0);
        state.close();
        await client.close();
      })()),
  };
  followers.push(running);
  return running;
}

async function caughtUp({ follower, errors }: Running): Promise<void> {
  await waitFor('the index to be complete', () => follower.position() >= log.size, 60_000);
  expect(errors).toEqual([]);
}

/** Each document once, and no other. */
async function expectExactlyOnce(): Promise<void> {
  const counts = await countIds(stream);
  expect(counts.size).toBe(log.size);
  expect([...counts].filter(([, count]) => count !== 1)).toEqual([]);
}

const isBulk = (path: string): boolean => path.includes('/_bulk');

test('indexes what is published, and goes on after a stop', async () => {
  log.grow(5_000);
  const first = follow();
  await caughtUp(first);
  log.grow(3);
  await caughtUp(first);
  await first.stop();
  log.grow(700);
  const second = follow();
  await caughtUp(second);
  await expectExactlyOnce();
  expect(second.notices).toEqual([]);
  const { hits } = await stream.client.search({
    index: stream.stream,
    query: { term: { 'audit.ledger.index': 4_999 } },
  });
  expect(hits.hits[0]?._id).toMatch(/^[0-9a-f]{32}-0000000000001387$/);
  expect(hits.hits[0]?._source).toMatchObject({ audit: { record: { id: 'record-4999' } } });
});

test.each([
  ['429 with Retry-After', () => ({ kind: 'answer', status: 429, headers: { 'retry-after': '0' } }) as const],
  ['503 of a proxy', () => ({ kind: 'answer', status: 503 }) as const],
  ['503 of a proxy for what went through', () => ({ kind: 'answer_after', status: 503 }) as const],
  ['connections that are cut before', () => ({ kind: 'cut_before' }) as const],
  ['connections that are cut after', () => ({ kind: 'cut_after' }) as const],
  ['answers that never come', () => ({ kind: 'swallow_answer' }) as const],
])('nothing is lost and nothing is twice: %s', async (_name, fault) => {
  let requests = 0;
  proxy.onRequest = ({ path }) =>
    isBulk(path) && ++requests % 2 === 1 && requests < 6 ? fault() : undefined;
  // What is sent again lands in another backing index, where its `_id` is no conflict.
  proxy.onAnswer = async ({ path }) => {
    if (isBulk(path) && requests % 2 === 1 && requests < 6)
      await stream.client.indices.rollover({ alias: stream.stream });
  };
  log.grow(5_000);
  const running = follow(1_000);
  await caughtUp(running);
  await expectExactlyOnce();
  expect(running.statuses.some(({ trouble }) => trouble !== undefined)).toBe(true);
  expect(running.follower.status()).toMatchObject({ failures: 0, deadLetters: 0 });
  expect(running.follower.status().trouble).toBeUndefined();
});

test('a follower that ends in the middle of a request asks what arrived, also after a rollover', async () => {
  log.grow(2_000);
  const first = follow();
  proxy.onRequest = ({ path }) => (isBulk(path) ? { kind: 'swallow_answer' } : undefined);
  await waitFor('the request', () => proxy.seen.some(({ path }) => isBulk(path)));
  await waitFor('its documents', async () => {
    const answer = stream.client.count({ index: stream.stream, ignore_unavailable: true });
    const { count } = await answer.catch(() => ({ count: 0 }));
    return count > 0;
  });
  await first.stop();
  expect(first.follower.position()).toBe(0);
  proxy.onRequest = undefined;
  await stream.client.indices.rollover({ alias: stream.stream });
  log.grow(100);
  await caughtUp(follow());
  await expectExactlyOnce();
});

test('of a log of which few records are for the stream: those, each once, also after a crash and a rollover', async () => {
  log.isForStream = (index) => index % 5_000 === 4_999;
  log.grow(12_345);
  const first = follow();
  let bulks = 0;
  // The second document arrives, and nobody hears of it.
  proxy.onRequest = ({ path }) => (isBulk(path) && ++bulks > 1 ? { kind: 'swallow_answer' } : undefined);
  await waitFor('the documents', async () => {
    await stream.client.indices.refresh({ index: stream.stream, ignore_unavailable: true });
    const answer = stream.client.count({ index: stream.stream, ignore_unavailable: true });
    const { count } = await answer.catch(() => ({ count: 0 }));
    return count === 2;
  });
  await first.stop();
  proxy.onRequest = undefined;
  await stream.client.indices.rollover({ alias: stream.stream });
  const second = follow();
  await caughtUp(second);
  expect(second.follower.position()).toBe(12_345);
  expect([...(await countIds(stream)).values()]).toEqual([1, 1]);
});

test('requests that are too large are halved', async () => {
  proxy.onRequest = ({ path }) => (isBulk(path) ? { kind: 'too_large', bytes: 100_000 } : undefined);
  log.grow(3_000);
  await caughtUp(follow());
  await expectExactlyOnce();
});

test('what Elasticsearch refuses is a dead letter that names the field and not the value', async () => {
  log.change = (document, index) => {
    if (index === 7) document['client'] = { ip: 'alice' };
  };
  log.grow(20);
  const running = follow();
  await caughtUp(running);
  expect(running.state.deadLetters()).toMatchObject([
    { index: 7, reason: 'document_parsing_exception', field: 'client' },
  ]);
  expect(JSON.stringify(running.state.deadLetters())).not.toContain('alice');
  expect(running.follower.status().deadLetters).toBe(1);
  expect((await countIds(stream)).size).toBe(19);
});

test('another document under the same id is a dead letter, the same one is none', async () => {
  log.grow(10);
  await caughtUp(follow());
  await followers[0]?.stop();
  await rm(directory, { recursive: true });
  const [id = ''] = [...(await countIds(stream)).keys()].filter((key) => key.endsWith('3'));
  await stream.client.updateByQuery({
    index: stream.stream,
    refresh: true,
    query: { ids: { values: [id] } },
    script: { source: "ctx._source.audit.integrity.hash = 'other'" },
  });
  const again = follow();
  await caughtUp(again);
  await expectExactlyOnce();
  expect(again.state.deadLetters()).toMatchObject([{ index: 3, reason: 'other_document_stored' }]);
});

test('a stream that was deleted is indexed anew, and that is said', async () => {
  log.grow(50);
  const first = follow();
  await caughtUp(first);
  await first.stop();
  await stream.client.indices.deleteDataStream({ name: stream.stream });
  log.grow(10);
  const second = follow();
  await waitFor('the notice', () => second.notices.length > 0);
  await caughtUp(second);
  await expectExactlyOnce();
  expect(second.notices).toEqual([{ kind: 'begun_anew', because: expect.stringContaining('was deleted') }]);
});

test('a ledger that went back is said to have done so, and what differs is refused', async () => {
  log.grow(50);
  const first = follow();
  await caughtUp(first);
  await first.stop();
  log.size = 40;
  log.change = (document, index) => {
    if (index >= 40)
      document['audit'] = {
        ledger: { index, origin: log.origin },
        integrity: { hash: 'new', checkpoint_size: 1 },
      };
  };
  const second = follow();
  await waitFor('the notice', () => second.notices.length > 0);
  expect(second.notices).toEqual([{ kind: 'ledger_went_back', position: 50, size: 40 }]);
  log.grow(12);
  await caughtUp(second);
  expect(second.state.deadLetters().map(({ index }) => index)).toEqual([
    40, 41, 42, 43, 44, 45, 46, 47, 48, 49,
  ]);
  expect((await countIds(stream)).size).toBe(52);
});
