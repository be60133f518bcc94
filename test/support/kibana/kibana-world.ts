import { Client } from '@elastic/elasticsearch';
import { isJsonObject, type JsonObject } from '@spanledger/record';
import { SpanKind } from '@opentelemetry/api';
import { ElasticsearchSetup } from '../../../packages/exporter/src/elasticsearch/setup/setup.ts';
import { findingRecords } from '../../../packages/exporter/src/reconcile/finding-records.ts';
import { type FinishedDemo, runDemoOnce } from '../../e2e/demo/demo-run.ts';
import { runHere } from '../cli/context.ts';
import { sendTraces, startTestService } from '../exporter/service.ts';
import { createSender, sessionAttributes, type SpanSketch, toProtobuf } from '../exporter/spans.ts';

/** The demo's people and what they do not do, as records in a ledger and as documents in Elasticsearch. */
export interface KibanaWorld extends AsyncDisposable {
  readonly client: Client;
  /** Every document that was indexed. */
  readonly documents: readonly JsonObject[];
  /** Those of them that are records of the ledger. */
  readonly recordCount: number;
  /** Where a data view looks, in this namespace only. */
  indexOf(pattern: string): string;
  /** How many records of the ledger a query finds. */
  countInLedger(query: string): Promise<number>;
}

/** Runs the demo, adds what is wrong in other houses, and indexes all of it as the follower does. */
export async function makeKibanaWorld(url: string, namespace: string): Promise<KibanaWorld> {
  const demo = await runDemoOnce({});
  try {
    return await indexWorld(url, namespace, demo);
  } catch (error) {
    await demo.remove();
    throw error;
  }
}

async function indexWorld(url: string, namespace: string, demo: FinishedDemo): Promise<KibanaWorld> {
  await addTroubles(demo.directory);
  const records = await readDocuments(demo.directory);
  const documents = [...records, ...findings()];
  const client = new Client({ node: url });
  const indexOf = (pattern: string): string => pattern.replace(/\*$/, namespace);
  {
    await using setup = await ElasticsearchSetup.open({ url }, { namespace });
    await setup.apply();
  }
  await indexAll(client, indexOf('logs-spanledger.audit-*'), documents);
  await indexSpans(client, indexOf('traces-generic.otel-*'), records);
  return {
    client,
    documents,
    recordCount: records.length,
    indexOf: (pattern) => indexOf(pattern.replace('traces-*.otel-', 'traces-generic.otel-')),
    countInLedger: async (query) => {
      const { stdout, stderr } = await runHere([
        'search',
        '--count',
        '--json',
        '--data',
        demo.directory,
        query,
      ]);
      const answer: unknown = stdout === '' ? undefined : JSON.parse(stdout);
      if (!isJsonObject(answer) || typeof answer['count'] !== 'number') throw new Error(`${stdout}${stderr}`);
      return answer['count'];
    },
    async [Symbol.asyncDispose]() {
      for (const name of ['logs-spanledger.audit-*', 'logs-spanledger.alerts-*', 'traces-generic.otel-*'])
        await client.indices
          .deleteDataStream({ name: indexOf(name) }, { ignore: [404] })
          .catch(() => undefined);
      await client.indices.delete({ index: `spanledger.sessions-${namespace}` }, { ignore: [404] });
      await client.indices.deleteIndexTemplate({ name: `*-${namespace}` }, { ignore: [404] });
      await client.cluster.deleteComponentTemplate({ name: `*-${namespace}@*` }, { ignore: [404] });
      await client.close();
      await demo.remove();
    },
  };
}

/** What the demo's people are too honest for, and what its machines are too good for. */
async function addTroubles(directory: string): Promise<void> {
  const sender = createSender('stock');
  const now: [number, number] = [Math.floor(Date.now() / 1000), 0];
  const send = (sketch: SpanSketch): SpanSketch => ({ start: now, end: [now[0], 5_000_000], ...sketch });
  const mallory = sessionAttributes('mallory', 'mallory-session');
  const failed = (attributes: SpanSketch['attributes']): SpanSketch =>
    send({
      attributes: { ...mallory, 'http.response.status_code': 401 },
      events: [{ name: 'oidc.authorization.failed', time: now, attributes: { ...attributes } }],
    });
  const sketches: SpanSketch[] = [
    send({ attributes: { ...mallory, 'oidc.session.state': 'logged_out' } }),
    ...Array.from({ length: 10 }, () =>
      failed({ 'oidc.error': 'access_denied', 'client.address': '198.51.100.9' }),
    ),
    ...Array.from({ length: 5 }, () => failed({ ...mallory, 'oidc.error': 'insufficient_scope' })),
    failed({ ...mallory, 'oidc.error': 'invalid_grant', 'oidc.grant_type': 'refresh_token' }),
    ...['192.0.2.1', '192.0.2.2', '192.0.2.3'].map((address) =>
      send({ attributes: { ...mallory, 'client.address': address, 'http.request.method': 'PUT' } }),
    ),
    send({
      attributes: { ...mallory, 'http.request.method': 'DELETE', 'url.path': `/${'x'.repeat(20_000)}` },
    }),
    send({
      kind: SpanKind.INTERNAL,
      events: [
        {
          name: 'audit.records.lost',
          time: now,
          attributes: {
            'audit.lost.count': 3,
            'audit.lost.first': 100,
            'audit.lost.last': 102,
            'audit.lost.reason': 'spool_full',
          },
        },
      ],
    }),
  ];
  const { status, stderr } = await runHere(['keys', 'rotate', '--data', directory]);
  if (status !== 0) throw new Error(stderr);
  const service = await startTestService(directory);
  try {
    const response = await sendTraces(service.url, toProtobuf(sketches.map((sketch) => sender.span(sketch))));
    if (response.status !== 200) throw new Error(await response.text());
  } finally {
    // Everything is published and indexed after this.
    await service.close();
  }
}

async function readDocuments(directory: string): Promise<JsonObject[]> {
  const { stdout } = await runHere(['search', '--json', '-n', '10000', '--data', directory]);
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => {
      const document: unknown = JSON.parse(line);
      if (!isJsonObject(document)) throw new Error(line);
      return document;
    });
}

/** What reconciling records, by its own hand; these are in no ledger. */
function findings(): JsonObject[] {
  const nowMs = Date.now();
  const drafts = findingRecords(
    {
      issuer: 'https://id.example',
      provider: 'keycloak',
      fromMs: nowMs - 300_000,
      toMs: nowMs,
      providerEvents: 1,
      ledgerRecords: 0,
      missingInLedger: [
        {
          id: 'event-1',
          atMs: nowMs,
          type: 'CODE_TO_TOKEN',
          category: ['authentication', 'iam'],
          outcome: 'success',
          clientId: 'shop',
          userId: 'mallory',
          facts: [],
          details: {},
        },
      ],
      missingAtProvider: [],
    },
    nowMs,
  );
  return drafts.map(({ clear }) => clear);
}

async function indexAll(client: Client, index: string, documents: readonly JsonObject[]): Promise<void> {
  const operations = documents.flatMap((document) => [{ create: {} }, document]);
  const { errors, items } = await client.bulk({ index, operations, refresh: true });
  if (errors) throw new Error(JSON.stringify(items.find(({ create }) => create?.error)));
}

/** The spans of the same requests, as the collector's Elasticsearch exporter writes them. */
async function indexSpans(client: Client, index: string, records: readonly JsonObject[]): Promise<void> {
  const keyword = { type: 'keyword' } as const;
  await client.indices.putIndexTemplate({
    name: index,
    index_patterns: [index],
    data_stream: {},
    priority: 600,
    template: {
      settings: { number_of_replicas: 0 },
      mappings: {
        dynamic: false,
        properties: {
          '@timestamp': { type: 'date_nanos' },
          duration: { type: 'long' },
          kind: keyword,
          name: keyword,
          parent_span_id: keyword,
          span_id: keyword,
          trace_id: keyword,
        },
      },
    },
  });
  const spans = records.flatMap(({ '@timestamp': time = '', trace, span }) => {
    if (!isJsonObject(trace) || !isJsonObject(span)) return [];
    return [{ '@timestamp': time, trace_id: trace['id'] ?? '', span_id: span['id'] ?? '', name: 'span' }];
  });
  await indexAll(client, index, spans);
}
