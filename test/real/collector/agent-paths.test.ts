import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SpanKind, SpanStatusCode } from '@opentelemetry/api';
import type { JsonObject } from '@spanledger/record';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { ServiceProcess } from '../../support/exporter/service-process.ts';
import {
  makeDataDirectory,
  readEntries,
  sendTraces,
  startTestService,
  verifyDirectory,
  waitFor,
} from '../../support/exporter/service.ts';
import { createSender, sessionAttributes, toJson, toProtobuf } from '../../support/exporter/spans.ts';
import { freeAddresses } from './collector.ts';
import { publishedSpans, settle, waitForRecords } from './ledger-size.ts';
import { makeReaderHeader, makeSenderToken, secureDirectory } from './secured.ts';
import { shippedCollector, TO_FILE } from './shipped.ts';
import { readTelemetry } from './telemetry-file.ts';

const JWT = 'eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.c2lnbmF0dXJl';
/** What no index of traces may show, and where an instrumentation may have let it slip. */
const SECRETS = {
  'http.request.header.authorization': 'Bearer 3f9ac0ffee3f9ac0ffee',
  'db.connection.password': 'correct horse',
  'app.note': `asked with ${JWT} today`,
  'url.query': 'code=SplxlOBeZQQYbYS6WxSbIA&state=x',
  'url.full': 'https://shop.example/cb?client_secret=gX1fBat3bV&x=1',
};
const SECRET_WORDS = ['3f9ac0ffee', 'correct horse', 'eyJhbGci', 'SplxlOBeZQQYbYS6WxSbIA', 'gX1fBat3bV'];

const directories: { path: string; remove: () => Promise<void> }[] = [];
const stack = new AsyncDisposableStack();
let direct: Awaited<ReturnType<typeof startTestService>>;
let behind: Awaited<ReturnType<typeof startTestService>>;
let reader: { authorization: string };
let agent: Awaited<ReturnType<typeof shippedCollector>>;

beforeAll(async () => {
  for (let i = 0; i < 2; i++) directories.push(await makeDataDirectory());
  const tokenFile = await makeSenderToken(pathOf(1));
  reader = await makeReaderHeader(pathOf(1));
  [direct, behind] = await Promise.all([startTestService(pathOf(0)), startTestService(pathOf(1))]);
  agent = stack.use(
    await shippedCollector('agent.yaml', { AUDIT_ENDPOINT: behind.url, AUDIT_TOKEN_FILE: tokenFile }),
  );
  await agent.start();
});

afterAll(async () => {
  await stack.disposeAsync();
  await Promise.all([direct.close(), behind.close()]);
  for (const directory of directories) await directory.remove();
});

test.each([
  ['protobuf', 'application/x-protobuf', toProtobuf],
  ['JSON', 'application/json', toJson],
])(
  'a record is the same with the collector in between as without, by %s',
  async (_name, contentType, encode) => {
    const sender = createSender('shop');
    const attributes = {
      ...sessionAttributes('alice', 'sid-alice'),
      'oidc.scope': ['openid', 'orders:read'],
    };
    const spans = [
      sender.span({ attributes }),
      sender.span({
        name: 'GET /orders/:id grüße 😀',
        kind: SpanKind.INTERNAL,
        parentSpanId: '00f067aa0ba902b7',
        attributes: {
          ...attributes,
          empty: '',
          yes: true,
          none: [],
          ratio: 0.1,
          far: 2 ** 60,
          many: [1, 2, 3],
        },
        status: { code: SpanStatusCode.ERROR, message: 'no such order' },
      }),
      sender.span({
        attributes,
        events: [
          {
            name: 'oidc.token.refreshed',
            attributes: { 'oidc.token.type': 'access', 'oidc.token.id': 'jti-7' },
          },
          { name: 'exception', attributes: { 'exception.message': 'timeout' } },
        ],
      }),
    ];
    const body = encode(spans);
    const before = await publishedSpans(pathOf(1));
    expect((await sendTraces(direct.url, body, { contentType })).status).toBe(200);
    expect((await sendTraces(agent.url('AUDIT_HTTP_ENDPOINT'), body, { contentType })).status).toBe(200);
    await waitForRecords(before + 4, pathOf(1));
    const query = `audit.sequence.stream_id:${sender.streamId}`;
    const [without, withIt] = [await recordsOf(direct.url, query, 4), await recordsOf(behind.url, query, 4)];
    expect(withIt.map(comparable)).toEqual(without.map(comparable));
  },
);

describe('spans of an SDK without the instrumentation', () => {
  test('are telemetry without what is filtered and without secrets, and all of them are records, complete', async () => {
    const sender = createSender('reports', false);
    const spans = [
      sender.span({
        name: 'GET /reports',
        attributes: { 'enduser.id': 'bob', 'url.path': '/reports', ...SECRETS },
      }),
      sender.span({ name: 'GET /healthz', attributes: { 'url.path': '/healthz' } }),
      sender.span({ name: 'middleware - query', kind: SpanKind.INTERNAL }),
      sender.span({
        name: 'middleware - broken',
        kind: SpanKind.INTERNAL,
        status: { code: SpanStatusCode.ERROR },
      }),
    ];
    const names = new Set(spans.map(({ name }) => name));
    expect((await sendTraces(agent.url('BOTH_HTTP_ENDPOINT'), toProtobuf(spans))).status).toBe(200);

    const records = await recordsOf(behind.url, 'service.name:reports', spans.length);
    expect(new Set(records.map((record) => textAt(record, 'span', 'name')))).toEqual(names);
    const kept = JSON.stringify(records);
    for (const word of SECRET_WORDS) expect(kept).toContain(word);

    await waitFor('the telemetry', async () => (await readTelemetry(agent.telemetryFile)).length >= 2);
    const telemetry = await readTelemetry(agent.telemetryFile);
    expect(telemetry.map(({ name }) => name).sort()).toEqual(['GET /reports', 'middleware - broken']);
    const attributes = telemetry.find(({ name }) => name === 'GET /reports')?.attributes;
    const shown = JSON.stringify([...(attributes ?? [])]);
    for (const word of SECRET_WORDS) expect(shown).not.toContain(word);
    expect(attributes?.get('url.path')).toEqual({ stringValue: '/reports' });
    expect(attributes?.get('enduser.id')).toEqual({ stringValue: 'bob' });
  });
});

test('what an application exports itself beside its spool is telemetry, and no second record', async () => {
  const spool = createSender('billing');
  const own = createSender('billing', false);
  const sketch = { traceId: 'ab'.repeat(16), spanId: 'cd'.repeat(8), name: 'GET /bills' };
  expect((await sendTraces(agent.url('OTLP_HTTP_ENDPOINT'), toProtobuf([own.span(sketch)]))).status).toBe(
    200,
  );
  expect((await sendTraces(agent.url('AUDIT_HTTP_ENDPOINT'), toProtobuf([spool.span(sketch)]))).status).toBe(
    200,
  );
  const ofBilling = async (): Promise<number> =>
    (await readTelemetry(agent.telemetryFile)).filter(({ name }) => name === 'GET /bills').length;
  await waitFor('the telemetry', async () => (await ofBilling()) > 0);
  const [record] = await recordsOf(behind.url, 'service.name:billing', 1);
  expect(textAt(record ?? {}, 'audit', 'sequence', 'stream_id')).toBe(spool.streamId);
  expect(await ofBilling()).toBe(1);
});

test('a full queue makes senders wait, and drops nothing', async () => {
  const data = await makeDataDirectory();
  onTestFinished(() => data.remove());
  const [address = ''] = await freeAddresses(1);
  const to = { AUDIT_ENDPOINT: `http://${address}`, AUDIT_TOKEN_FILE: await makeSenderToken(data.path) };
  const smallQueue = join(agent.directory, 'small-queue.yaml');
  await using full = await shippedCollector('agent.yaml', to, [TO_FILE, smallQueue]);
  await writeFile(smallQueue, 'exporters: { otlp_http/audit: { sending_queue: { queue_size: 40000 } } }\n');
  await full.start();
  const sender = createSender('shop');
  let answered = 0;
  const requests = Array.from({ length: 30 }, async () => {
    const spans = Array.from({ length: 10 }, () =>
      sender.span({ attributes: sessionAttributes('al', 'sid') }),
    );
    const { status } = await sendTraces(full.url('AUDIT_HTTP_ENDPOINT'), toProtobuf(spans));
    answered++;
    return status;
  });
  await waitFor('the queue to be full', () => answered > 3);
  expect(answered, 'not all fit').toBeLessThan(requests.length);
  await using service = new ServiceProcess(data.path, [], Number(address.split(':')[1]));
  await service.start();
  expect(new Set(await Promise.all(requests))).toEqual(new Set([200]));
  await waitForRecords(300, data.path);
  await settle(service, data.path);
  const report = await verifyDirectory(data.path);
  const spans = (await readEntries(data.path)).filter(({ span }) => span !== undefined);
  expect(spans).toHaveLength(300);
  expect(report.warnings).toEqual([]);
});

test('what the service refuses for good, the collector drops: its metrics and the gap in the numbers tell', async () => {
  const data = await makeDataDirectory();
  onTestFinished(() => data.remove());
  const { caFile, tokenFile } = await secureDirectory(data.path);
  const [address = ''] = await freeAddresses(1);
  await using service = new ServiceProcess(data.path, [], Number(address.split(':')[1]));
  await service.start();
  const to = { AUDIT_ENDPOINT: `https://${address}`, AUDIT_CA_FILE: caFile };
  const sender = createSender('shop');
  const sendTo = async (collector: typeof agent): Promise<void> => {
    const answer = await sendTraces(collector.url('AUDIT_HTTP_ENDPOINT'), toProtobuf([sender.span()]));
    expect(answer.status).toBe(200);
  };
  await using refused = await shippedCollector('agent.yaml', to);
  await refused.start();
  await sendTo(refused);
  const metrics = async (): Promise<string> =>
    (await fetch(`http://127.0.0.1:${refused.env['METRICS_PORT']}/metrics`)).text();
  const failed = /^otelcol_exporter_send_failed_spans\{[^}]*otlp_http\/audit[^}]*\} 1$/m;
  await waitFor('the metric', async () => failed.test(await metrics()));
  await using accepted = await shippedCollector('agent.yaml', { ...to, AUDIT_TOKEN_FILE: tokenFile });
  await accepted.start();
  await sendTo(accepted);
  const isThere = async (): Promise<boolean> =>
    JSON.stringify(await readEntries(data.path)).includes(sender.streamId);
  await waitFor('the second span', isThere);
  await settle(service, data.path);
  const { warnings, failures } = await verifyDirectory(data.path);
  expect(failures).toEqual([]);
  expect(warnings.map(({ code }) => code)).toContain('producer_gap');
});

function pathOf(index: number): string {
  return directories[index]?.path ?? '';
}

/** The opened records that a query finds, once there are as many as there have to be. */
async function recordsOf(url: string, query: string, count: number): Promise<JsonObject[]> {
  let records: JsonObject[] = [];
  await waitFor(`${count} records of ${query}`, async () => {
    const answer = await fetch(`${url}/api/records?limit=1000&query=${encodeURIComponent(query)}`, {
      ...(url === behind.url && { headers: reader }),
    });
    ({ records } = JSON.parse(await answer.text()));
    return records.length >= count;
  });
  expect(records.length).toBe(count);
  return records;
}

/** A record without what differs from log to log. */
function comparable(record: JsonObject): JsonObject {
  const { audit, ...rest } = JSON.parse(JSON.stringify(record));
  const { ledger: _l, integrity: _i, commitments: _c, openings: _o, actor, session: _s, ...own } = audit;
  return { ...rest, audit: { ...own, actor: actor.type } };
}

function textAt(record: JsonObject, ...path: string[]): unknown {
  return path.reduce<unknown>((value, name) => Object(value)[name], record);
}
