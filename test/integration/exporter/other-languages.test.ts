import type { Attributes } from '@opentelemetry/api';
import { SpanKind } from '@opentelemetry/api';
import type { JsonObject } from '@spanledger/record';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeDataDirectory, sendTraces, startTestService, waitFor } from '../../support/exporter/service.ts';
import { readableSpan, resourceOf, toJson, toProtobuf } from '../../support/exporter/spans.ts';

/** What an SDK sends for one call. */
interface Sent {
  resource: Attributes;
  scope: { name: string; version: string };
  attributes: Attributes;
}

/** As the OpenTelemetry Java agent does, with `otel.instrumentation.common.enduser.id.enabled`. */
const JAVA: Sent = {
  resource: {
    'service.name': 'billing',
    'service.instance.id': '627cc493-f310-47de-96bd-71410b7dec09',
    'telemetry.sdk.language': 'java',
    'telemetry.distro.name': 'opentelemetry-java-instrumentation',
    'process.command_args': ['/usr/bin/java', '-jar', 'billing.jar'],
  },
  scope: { name: 'io.opentelemetry.tomcat-10.0', version: '2.20.0-alpha' },
  attributes: {
    'http.request.method': 'POST',
    'http.route': '/bills/{id}',
    'http.response.status_code': 201,
    'url.path': '/bills/7',
    'url.scheme': 'https',
    'client.address': '192.0.2.44',
    'thread.id': 41,
    'thread.name': 'http-nio-8080-exec-3',
    'enduser.id': 'carol',
    'session.id': 'java-session-1',
  },
};

/** As OpenTelemetry for Python does, with older names of HTTP attributes and entries of baggage copied to the span. */
const PYTHON: Sent = {
  resource: {
    'service.name': 'reports',
    'telemetry.sdk.language': 'python',
    'telemetry.sdk.name': 'opentelemetry',
  },
  scope: { name: 'opentelemetry.instrumentation.flask', version: '0.58b0' },
  attributes: {
    'http.method': 'GET',
    'http.route': '/reports/<name>',
    'http.status_code': 200,
    'http.target': '/reports/q3?full=1',
    'http.scheme': 'https',
    'net.peer.ip': '192.0.2.45',
    'user.id': 'dave',
    'session.id': 'python-session-1',
  },
};

let data: Awaited<ReturnType<typeof makeDataDirectory>>;
let service: Awaited<ReturnType<typeof startTestService>>;

beforeAll(async () => {
  data = await makeDataDirectory();
  service = await startTestService(data.path);
});

afterAll(async () => {
  await service.close();
  await data.remove();
});

describe.each([
  ['protobuf', 'application/x-protobuf', toProtobuf],
  ['JSON', 'application/json', toJson],
])('spans of other languages, by %s', (encoding, contentType, encode) => {
  const send = async ({ resource, scope, attributes }: Sent): Promise<void> => {
    const own = { ...attributes, 'session.id': `${String(attributes['session.id'])} ${encoding}` };
    const span = readableSpan({ kind: SpanKind.SERVER, attributes: own }, resourceOf(resource));
    const body = encode([{ ...span, instrumentationScope: scope }]);
    expect((await sendTraces(service.url, body, { contentType })).status).toBe(200);
  };

  test('a call that Java reports is a record of its user, in the session that it names', async () => {
    await send(JAVA);
    const session = await sessionOf(`java-session-1 ${encoding}`);
    expect(session).toMatchObject({
      user_id: 'carol',
      issuer: '',
      client_id: [],
      services: ['billing'],
      records: 1,
    });
    expect(session.timeline[0]).toMatchObject({
      audit: { action: 'CREATE', outcome: 'success', actor: { type: 'user' }, target: { id: '/bills/{id}' } },
      enduser: { id: 'carol' },
      session: { id: `java-session-1 ${encoding}` },
      client: { address: '192.0.2.44' },
      http: { request: { method: 'POST' }, response: { status_code: 201 }, route: '/bills/{id}' },
      url: { path: '/bills/7', scheme: 'https' },
      otel: { scope: { name: 'io.opentelemetry.tomcat-10.0' } },
    });
    expect(session.timeline[0], 'nobody verified it').not.toHaveProperty('oidc');
  });

  test('a call that Python reports, too', async () => {
    await send(PYTHON);
    const session = await sessionOf(`python-session-1 ${encoding}`);
    expect(session).toMatchObject({ user_id: 'dave', issuer: '', services: ['reports'], records: 1 });
    expect(session.timeline[0]).toMatchObject({
      audit: { action: 'READ', actor: { type: 'user' }, target: { id: '/reports/<name>' } },
      user: { id: 'dave' },
      http: { request: { method: 'GET' }, response: { status_code: 200 } },
      url: { path: '/reports/q3', query: 'full=1' },
    });
  });

  test('a session that is only named is never the one of an issuer by the same name', async () => {
    const sid = `sid ${encoding}`;
    const verified = {
      ...PYTHON.attributes,
      'oidc.issuer': 'https://id.example',
      'oidc.client_id': 'reports',
    };
    for (const attributes of [
      { ...PYTHON.attributes, 'session.id': sid },
      { ...verified, 'session.id': sid },
    ]) {
      const body = encode([readableSpan({ attributes }, resourceOf(PYTHON.resource))]);
      expect((await sendTraces(service.url, body, { contentType })).status).toBe(200);
    }
    const query = encodeURIComponent(`session.id:"${sid}"`);
    const records = await waitForRecords(`/api/records?query=${query}`, 2);
    expect(new Set(records.map((record) => JSON.stringify(Object(record['audit']).session))).size).toBe(2);
    expect(new Set(records.map((record) => JSON.stringify(Object(record['audit']).actor))).size).toBe(2);
  });
});

test('a span that names nobody is an act of its service', async () => {
  const body = toProtobuf([readableSpan({}, resourceOf({ 'service.name': 'nightly' }))]);
  expect((await sendTraces(service.url, body)).status).toBe(200);
  const [record] = await waitForRecords('/api/records?query=service.name:nightly', 1);
  expect(record).toMatchObject({ audit: { actor: { type: 'system' } } });
  expect(record?.['audit']).not.toHaveProperty('session');
});

async function sessionOf(id: string): Promise<JsonObject & { timeline: JsonObject[] }> {
  let session: JsonObject & { timeline: JsonObject[] } = { timeline: [] };
  // The list of sessions may know it before the index does, which has what happened in it.
  await waitFor(`what happened in the session ${id}`, async () => {
    const answer = await fetch(`${service.url}/api/sessions/${encodeURIComponent(id)}`);
    if (answer.ok) session = JSON.parse(await answer.text());
    return session.timeline.length > 0;
  });
  return session;
}

async function waitForRecords(path: string, count: number): Promise<JsonObject[]> {
  let records: JsonObject[] = [];
  await waitFor(`${count} records of ${path}`, async () => {
    ({ records } = JSON.parse(await (await fetch(`${service.url}${path}`)).text()));
    return records.length >= count;
  });
  return records;
}
