import { type Service, startService } from '@spanledger/audit-exporter';
import { expect, onTestFinished, test } from 'vitest';
import { caughtUp, readStatus } from '../../support/elasticsearch/caught-up.ts';
import { makeTestStream, type TestStream } from '../../support/elasticsearch/stream.ts';
import {
  makeDataDirectory,
  readEntries,
  sendTraces,
  testConfig,
  waitFor,
} from '../../support/exporter/service.ts';
import { createSender, sessionAttributes, toProtobuf } from '../../support/exporter/spans.ts';
import { sharedElasticsearch } from './shared.ts';

/** A service that verifies its index all the time, with a data directory of its own. */
async function startVerifying(stream: TestStream, env: NodeJS.ProcessEnv = {}): Promise<[Service, string]> {
  const data = await makeDataDirectory();
  onTestFinished(() => data.remove());
  const config = testConfig(data.path, {
    SPANLEDGER_ELASTICSEARCH_URL: stream.url,
    SPANLEDGER_ELASTICSEARCH_NAMESPACE: stream.namespace,
    ...env,
  });
  if (config.elasticsearch === undefined) throw new Error('no Elasticsearch is configured');
  const elasticsearch = { ...config.elasticsearch, verifyEveryMinutes: 0.01 };
  return [await startService({ ...config, elasticsearch }), data.path];
}

test('scheduled verifications are recorded in the ledger, and tell what differs', async () => {
  await using stream = await makeTestStream(await sharedElasticsearch());
  const [service, directory] = await startVerifying(stream);
  const sender = createSender('shop');
  await sendTraces(service.url, toProtobuf(Array.from({ length: 20 }, () => sender.span())));
  const verification = async (): Promise<{ ok: boolean; compared: number; first?: string } | undefined> =>
    (await readStatus(service.url)).elasticsearch?.verification;
  await waitFor(
    'a good one',
    async () => {
      const last = await verification();
      return last?.ok === true && last.compared >= 20;
    },
    60_000,
  );
  await stream.client.updateByQuery({
    index: stream.stream,
    refresh: true,
    conflicts: 'proceed',
    query: { term: { 'audit.ledger.index': 4 } },
    script: { source: "ctx._source.event.outcome = 'other'" },
  });
  await waitFor('a bad one', async () => (await verification())?.ok === false, 60_000);
  expect((await verification())?.first).toMatch(/differs from record 4 at event\./);
  const metrics = await (await fetch(`${service.url}/metrics`)).text();
  expect(metrics).toContain('spanledger_elasticsearch_verification_failures 1\n');
  await service.close();
  const results = (await readEntries(directory))
    .map((entry) => JSON.parse(JSON.stringify(entry)))
    .filter(({ event }) => event.action === 'index.verified');
  expect(results.map(({ audit }) => audit.outcome)).toContain('success');
  expect(results.at(-1)).toMatchObject({
    audit: { outcome: 'failure', target: { id: stream.stream, type: 'search.index' } },
    event: { reason: expect.stringMatching(/^\d+ records compared, 1 differ$/) },
  });
});

test('normal telemetry is written beside the records, joined by its trace', async () => {
  await using stream = await makeTestStream(await sharedElasticsearch());
  const streams = ['traces', 'logs'].map((type) => `${type}-generic.otel-${stream.namespace}`);
  for (const name of streams) {
    await stream.client.indices.putIndexTemplate({
      name,
      index_patterns: [name],
      data_stream: {},
      priority: 600,
      template: {
        settings: { number_of_replicas: 0 },
        mappings: { properties: { '@timestamp': { type: 'date_nanos' } } },
      },
    });
  }
  const [service] = await startVerifying(stream, { SPANLEDGER_TELEMETRY_INDEX: 'true' });
  const sender = createSender('shop');
  const span = sender.span({
    attributes: { ...sessionAttributes('alice', 's-1'), 'http.route': '/orders' },
    events: [{ name: 'cache.miss', attributes: { key: 'k' } }],
  });
  const body = toProtobuf([span]);
  await sendTraces(service.url, body);
  // What is sent again is not written again.
  await sendTraces(service.url, body);
  await caughtUp(service.url);
  const metrics = async (): Promise<string> => (await fetch(`${service.url}/metrics`)).text();
  await waitFor('both', async () => (await metrics()).includes('documents_total{outcome="written"} 2\n'));
  expect(await metrics()).toContain('documents_total{outcome="dropped"} 0\n');
  await service.close();
  await stream.client.indices.refresh({ index: streams });
  const { hits } = await stream.client.search<Record<string, unknown>>({ index: streams, sort: '_index' });
  const traceId = span.spanContext().traceId;
  expect(hits.hits.map(({ _source }) => _source)).toMatchObject([
    { event_name: 'cache.miss', trace_id: traceId, attributes: { key: 'k' } },
    { kind: 'Server', trace_id: traceId, attributes: { 'http.route': '/orders' }, duration: 100_000_000 },
  ]);
  for (const name of streams) {
    await stream.client.indices.deleteDataStream({ name });
    await stream.client.indices.deleteIndexTemplate({ name });
  }
});
