import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  connectPrivacyDesk,
  connectRetentionDesk,
  loadConfig,
  reindexElasticsearch,
  type Service,
  startService,
  verifyElasticsearch,
} from '@spanledger/audit-exporter';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { runHere } from '../../support/cli/context.ts';
import { sendTraces, waitFor } from '../../support/exporter/service.ts';
import { createSender, sessionAttributes, toProtobuf } from '../../support/exporter/spans.ts';
import { type AuditStream, makeAuditStream } from './audit-stream.ts';
import { sharedElasticsearch } from './shared.ts';

/** Documents are written and searchable within this time. */
const SETTLED_MS = 60_000;

const CONFIG = `
alerts: { enabled: false }
retention:
  classes:
    failures: { keep: 400d, match: { outcome: failure } }
    calls: { keep: 1s, match: { category: web } }
`;

let audit: AuditStream;
let folder: string;
let service: Service;

beforeAll(async () => {
  audit = await makeAuditStream(await sharedElasticsearch());
  folder = await mkdtemp(join(tmpdir(), 'spanledger-real-'));
  await writeFile(join(folder, 'spanledger.yaml'), CONFIG);
  service = await startService(config());
});

afterAll(async () => {
  await service?.close();
  await audit?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

function config(): ReturnType<typeof loadConfig> {
  return loadConfig({
    directory: folder,
    env: {
      SPANLEDGER_LOG_LEVEL: 'silent',
      SPANLEDGER_PUBLISH_INTERVAL_MS: '50',
      SPANLEDGER_SEGMENT_MAX_AGE_MS: '200',
      SPANLEDGER_ELASTICSEARCH_URL: audit.url,
      SPANLEDGER_ELASTICSEARCH_NAMESPACE: audit.namespace,
    },
    flags: { dataDirectory: join(folder, 'data'), port: 0 },
  });
}

const sender = createSender('shop');

async function count(query: string): Promise<number> {
  await audit.client.indices.refresh({ index: audit.stream });
  return (await audit.client.count({ index: audit.stream, q: query })).count;
}

async function send(user: string, status: number, calls: number): Promise<void> {
  const attributes = {
    ...sessionAttributes(user, `session of ${user}`),
    'http.request.method': 'GET',
    'http.response.status_code': status,
  };
  const spans = Array.from({ length: calls }, () => sender.span({ attributes }));
  expect((await sendTraces(service.url, toProtobuf(spans))).status).toBe(200);
  await waitFor(
    'Elasticsearch',
    async () => (await count(`user.id:${user} AND event.kind:event`)) === calls,
    SETTLED_MS,
  );
}

it('deletes what is due in every backing index, keeps what is held, and nothing brings it back', async () => {
  await send('alice', 200, 300);
  await audit.client.indices.rollover({ alias: audit.stream });
  await send('alicia', 200, 20);
  await send('bob', 200, 10);
  await send('carol', 500, 5);
  await connectPrivacyDesk(service.url).addHold({ query: 'user.id:bob', reason: 'case 1' });
  const desk = connectRetentionDesk(service.url);
  const left = async (): Promise<number> => {
    await desk.runRetention();
    await waitFor('the purge', async () => !(await desk.retention()).running, SETTLED_MS);
    expect((await desk.retention()).trouble).toBeUndefined();
    return await count('http.response.status_code:200');
  };
  await waitFor('all that is due to be gone', async () => (await left()) === 10, SETTLED_MS);
  expect(await count('user.id:bob AND event.kind:event')).toBe(10);
  expect(await count('user.id:carol AND event.kind:event')).toBe(5);
  await waitFor(
    'the record of it',
    async () => (await count('event.action:retention.purged AND audit.retention.class:calls')) > 0,
    SETTLED_MS,
  );
  await service.close();
  const { elasticsearch } = config();
  if (elasticsearch === undefined) throw new TypeError('it is configured');
  const data = join(folder, 'data');
  expect(await verifyElasticsearch(data, { elasticsearch })).toMatchObject({ ok: true, failures: [] });

  const again = await reindexElasticsearch(data, { elasticsearch, signal: new AbortController().signal });
  expect(again).toMatchObject({ created: 0, replaced: 0, refused: 0 });

  // Indexed anew, from the ledger, it does not come back; and a document that somebody puts there is told.
  await rm(join(data, 'state', 'elasticsearch.db'));
  // As somebody sets it up who wants the streams to delete by themselves, or an older version of ours did.
  await putLifecycle({ data_retention: '400d' });
  service = await startService(config());
  await waitFor('the index', async () => !(await isBehind()), SETTLED_MS);
  expect(await count('http.response.status_code:200')).toBe(10);
}, 180_000);

it('says that a stream deletes what is held, and a set-up takes that away', async () => {
  const warned = async (): Promise<boolean> =>
    (await (await fetch(`${service.url}/readyz`)).text()).includes('elasticsearch_drops_held');
  await waitFor('the warning', warned, SETTLED_MS);
  const { status, stderr } = await runHere(
    ['setup', 'elasticsearch', '--url', audit.url, '--namespace', audit.namespace, '--yes'],
    { env: { SPANLEDGER_CONFIG: join(folder, 'spanledger.yaml') } },
  );
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  const { data_streams: streams } = await audit.client.indices.getDataLifecycle({ name: audit.stream });
  expect(streams[0]?.lifecycle).toMatchObject({ enabled: true });
  expect(streams[0]?.lifecycle).not.toHaveProperty('data_retention');
  await service.close();
  service = await startService(config());
  await waitFor('the index', async () => !(await isBehind()), SETTLED_MS);
  expect(await warned()).toBe(false);
}, 120_000);

async function putLifecycle(lifecycle: object): Promise<void> {
  const path = `/_data_stream/${audit.stream}/_lifecycle`;
  await audit.client.transport.request({ method: 'PUT', path, body: { enabled: true, ...lifecycle } });
}

async function isBehind(): Promise<boolean> {
  const { elasticsearch } = service.status();
  return !JSON.stringify(elasticsearch ?? {}).includes('"lag":0');
}
