import { Client } from '@elastic/elasticsearch';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { dataDirectory } from '@spanledger/audit-exporter';
import { fileTiles, LedgerReader } from '@spanledger/ledger';
import { DocumentTexts } from '../../../packages/exporter/src/document-texts.ts';
import { DocumentReader } from '../../../packages/exporter/src/documents.ts';
import { PublishedSize } from '../../../packages/exporter/src/followers/published-size.ts';
import { openStoredOpenings } from '../../../packages/exporter/src/privacy/index.ts';
import { IndexFollower, IndexState } from '../../../packages/exporter/src/search/elasticsearch/index.ts';
import { makeTestStream, type TestStream } from '../../support/elasticsearch/stream.ts';
import { makeDataDirectory, sendTraces, startTestService, waitFor } from '../../support/exporter/service.ts';
import { createSender, sessionAttributes, toProtobuf } from '../../support/exporter/spans.ts';
import { type ElasticsearchNode, startElasticsearch } from '../../real/elasticsearch/node.ts';
import { describeMachine, median, printLines } from '../statistics.ts';

const RECORDS = 40_000;
const SPANS_PER_REQUEST = 500;
const BARE_DOCUMENTS = 2_000;
const ROUNDS = 3;

/** How many records an hour brings, for the drain after one. */
const HOURLY = [{ perSecond: 100 }, { perSecond: 1_000 }];

let node: ElasticsearchNode | undefined;
let url = process.env['SPANLEDGER_TEST_ELASTICSEARCH'] ?? '';
let data: Awaited<ReturnType<typeof makeDataDirectory>>;

beforeAll(async () => {
  if (url === '') {
    node = await startElasticsearch();
    url = node.url;
  }
  data = await makeDataDirectory();
  const service = await startTestService(data.path);
  const sender = createSender('shop');
  for (let sent = 0; sent < RECORDS; sent += SPANS_PER_REQUEST) {
    const spans = Array.from({ length: SPANS_PER_REQUEST }, (_, i) =>
      sender.span({
        name: 'GET /orders/{id}',
        attributes: {
          ...sessionAttributes(`person ${i % 50}`, `session ${i % 90}`),
          'http.request.method': 'GET',
          'http.route': '/orders/{id}',
          'http.response.status_code': 200,
          'url.path': `/orders/${sent + i}`,
          'client.address': `10.1.${i % 200}.7`,
        },
      }),
    );
    await sendTraces(service.url, toProtobuf(spans));
  }
  await service.close();
});

afterAll(async () => {
  await data.remove();
  await node?.close();
});

/** The follower over the whole ledger, records a second. */
async function follow(stream: TestStream, round: string): Promise<number> {
  const paths = dataDirectory(data.path);
  const reader = new LedgerReader(fileTiles(paths.ledger));
  const openings = await openStoredOpenings(paths, undefined);
  const log = await reader.checkpoint();
  const client = new Client({ node: stream.url });
  const state = new IndexState(`${paths.root}/bench-${round}.db`);
  const ledger = new PublishedSize();
  ledger.set(log.size);
  const started = performance.now();
  const follower = new IndexFollower({
    writer: client,
    reader: client,
    stream: stream.stream,
    log,
    documents: new DocumentTexts(reader, openings),
    ledger,
    state,
    onStatus: () => undefined,
    onNotice: () => undefined,
    onError: (error) => {
      throw error;
    },
  });
  follower.start();
  await waitFor('the follower', () => follower.position() >= log.size, 120_000);
  const rate = (log.size / (performance.now() - started)) * 1000;
  await follower.finish(0);
  state.close();
  openings.close();
  await client.close();
  return rate;
}

/** The same documents by a bare loop, records a second; they are in memory, as objects, before it begins. */
async function bare(stream: TestStream, documents: readonly object[]): Promise<number> {
  const { client } = stream;
  const started = performance.now();
  for (let at = 0; at < documents.length; at += BARE_DOCUMENTS) {
    const operations = documents
      .slice(at, at + BARE_DOCUMENTS)
      .flatMap((document, i) => [{ create: { _id: `${at + i}` } }, document]);
    const { errors } = await client.bulk({ index: stream.stream, operations });
    expect(errors).toBe(false);
  }
  return (documents.length / (performance.now() - started)) * 1000;
}

test('the follower against a bare loop of bulk requests', async () => {
  const paths = dataDirectory(data.path);
  const reader = new LedgerReader(fileTiles(paths.ledger));
  const openings = await openStoredOpenings(paths, undefined);
  const { size } = await reader.checkpoint();
  const documents = await new DocumentReader(reader, openings).readRange(0, size);
  openings.close();
  const bytes = documents.reduce((sum, document) => sum + JSON.stringify(document).length, 0) / size;
  const rates: { bare: number[]; follower: number[] } = { bare: [], follower: [] };
  for (let round = 0; round <= ROUNDS; round++) {
    // The first round warms up Elasticsearch and this process.
    for (const side of round % 2 === 0 ? (['bare', 'follower'] as const) : (['follower', 'bare'] as const)) {
      await using stream = await makeTestStream(url);
      const rate = side === 'bare' ? await bare(stream, documents) : await follow(stream, `${round}`);
      if (round > 0) rates[side].push(rate);
    }
  }
  const [own, loop] = [median(rates.follower), median(rates.bare)];
  printLines([
    describeMachine(),
    `documents: ${size} of ${Math.round(bytes)} bytes, medians of ${ROUNDS} rounds`,
    `bare loop of bulk requests, ${BARE_DOCUMENTS} at a time: ${Math.round(loop)}/s`,
    `follower, from ledger and vault: ${Math.round(own)}/s, ${(own / loop).toFixed(2)}x`,
    ...HOURLY.map(({ perSecond }) => {
      const seconds = (perSecond * 3600) / (own - perSecond);
      return `an hour's outage at ${perSecond} records/s drains in ${Math.round(seconds)} s`;
    }),
  ]);
  // Far below what it is: only so that a follower that waits for everything is noticed.
  expect(own / loop).toBeGreaterThan(0.4);
});
