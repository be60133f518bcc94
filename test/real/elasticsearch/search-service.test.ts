import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, request } from 'node:http';
import type { Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig, startService } from '@spanledger/audit-exporter';
import type { Archive, Service } from '@spanledger/audit-exporter';
import type { JsonObject } from '@spanledger/record';
import { isJsonObject } from '@spanledger/record';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { connectArchive } from '../../../packages/exporter/src/remote-archive.ts';
import { valuesAt } from '../../../packages/exporter/src/search/query/leaves.ts';
import { streamNames } from '../../../packages/exporter/src/elasticsearch/index.ts';
import { alice, bob, visit } from '../../integration/exporter-api/support/people.ts';
import { sendTraces, waitFor } from '../../support/exporter/service.ts';
import { toProtobuf } from '../../support/exporter/spans.ts';
import { type AuditStream, makeAuditStream } from './audit-stream.ts';
import { sharedElasticsearch } from './shared.ts';

/** Acknowledged documents count as searchable after ten seconds. */
const SETTLED_MS = 60_000;

/** A way to Elasticsearch that can be shut. */
interface Door {
  url: string;
  /** How many searches went through. */
  searches: number;
  shut(): Promise<void>;
}

let audit: AuditStream;
let door: Door;
let folder: string;
let service: Service;
let archive: Archive;
/** The stream of normal telemetry. */
let traces: string;

beforeAll(async () => {
  audit = await makeAuditStream(await sharedElasticsearch());
  ({ traces } = streamNames(audit.namespace));
  // A real Elasticsearch brings one along.
  await audit.client.indices.putIndexTemplate({
    name: traces,
    index_patterns: [traces],
    data_stream: {},
    priority: 600,
    template: {
      mappings: { dynamic: false, properties: { trace_id: { type: 'keyword' }, name: { type: 'keyword' } } },
    },
  });
  door = await openDoor(audit.url);
  folder = await mkdtemp(join(tmpdir(), 'spanledger-real-'));
  const env = { SPANLEDGER_LOG_LEVEL: 'silent', SPANLEDGER_PUBLISH_INTERVAL_MS: '50' };
  const nobody = { value: undefined, file: undefined };
  service = await startService({
    ...loadConfig({ directory: folder, env, flags: { dataDirectory: join(folder, 'data'), port: 0 } }),
    indexDriver: 'elasticsearch',
    indexTelemetry: true,
    elasticsearch: {
      url: door.url,
      namespace: audit.namespace,
      writer: nobody,
      reader: nobody,
      eraser: nobody,
      caFile: undefined,
      verifyEveryMinutes: undefined,
    },
  });
  archive = connectArchive(service.url);
  const spans = [...visit(alice, 3), ...visit(bob, 3)];
  const sent = await sendTraces(service.url, toProtobuf(spans));
  if (!sent.ok) throw new Error(`the service answered ${sent.status}`);
  await waitFor(
    'Elasticsearch to answer',
    async () => {
      const { published } = service.sizes();
      const { index } = await archive.status();
      return published > spans.length && isJsonObject(index) && index['elasticsearch_before'] === published;
    },
    SETTLED_MS,
  );
});
afterAll(async () => {
  await service?.close();
  await door?.shut();
  await audit?.client.indices.deleteDataStream({ name: traces }, { ignore: [404] });
  await audit?.client.indices.deleteIndexTemplate({ name: traces }, { ignore: [404] });
  await audit?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

async function openDoor(url: string): Promise<Door> {
  const opened: Door = { url: '', searches: 0, shut: () => Promise.resolve() };
  const server: Server = createServer((incoming, answer) => {
    if (incoming.url?.includes('/_search') === true) opened.searches++;
    const onward = request(
      new URL(incoming.url ?? '/', url),
      { method: incoming.method, headers: incoming.headers },
      (response) => {
        answer.writeHead(response.statusCode ?? 502, response.headers);
        response.pipe(answer);
      },
    );
    onward.on('error', () => answer.destroy());
    incoming.pipe(onward);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  opened.url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
  opened.shut = async () => {
    server.closeAllConnections();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  };
  return opened;
}

function textAt(document: JsonObject | undefined, field: string): string {
  return String(document === undefined ? undefined : valuesAt(document, field)[0]);
}

const ofAlice = `user.id:${alice.id} and event.outcome:failure`;

it('answers searches and counts from Elasticsearch', async () => {
  const before = door.searches;
  const page = await archive.search({ query: ofAlice });
  expect(page.answered_by).toBeUndefined();
  const { records } = page;
  expect(records.map((record) => textAt(record, 'user.name'))).toEqual([alice.name]);
  expect(await archive.count({ query: ofAlice })).toEqual({ count: 1, exact: true });
  const { buckets, count } = await archive.histogram({ query: 'event.outcome:failure', interval: 'day' });
  expect({ buckets, count }).toEqual({
    buckets: [{ start: '2026-11-02T00:00:00.000Z', count: 2 }],
    count: 2,
  });
  expect(door.searches).toBeGreaterThanOrEqual(before + 3);
  expect(await archive.status()).toMatchObject({
    index: { driver: 'elasticsearch', answers: 'elasticsearch' },
  });
});

it('goes from a trace to the person, and back to all traces of that person', async () => {
  const { client } = audit;
  await client.indices.refresh({ index: traces });
  const { records } = await archive.search({ query: 'http.route:"/admin" and event.outcome:failure' });
  // What the service wrote itself as normal telemetry: somebody begins with a span there.
  const telemetry = await client.search<Record<string, unknown>>({
    index: traces,
    query: { term: { trace_id: textAt(records[0], 'trace.id') } },
  });
  expect(telemetry.hits.hits).toHaveLength(1);
  const traceId = String(telemetry.hits.hits[0]?._source?.['trace_id']);
  const [found] = (await archive.search({ query: `trace.id:${traceId}` })).records;
  const person = textAt(found, 'user.id');
  expect(person).toBe(textAt(records[0], 'user.id'));
  const theirs = await archive.search({ query: `user.id:${person}`, limit: 1000 });
  const traceIds = [...new Set(theirs.records.map((record) => textAt(record, 'trace.id')))];
  const spans = await client.search({ index: traces, query: { terms: { trace_id: traceIds } }, size: 100 });
  // A login, three calls, a refusal, a refresh and a logout.
  expect(traceIds).toHaveLength(7);
  expect(spans.hits.hits).toHaveLength(7);
});

it('keeps a document of each session, as it is now', async () => {
  const { client, sessions } = audit;
  const copies = async (): Promise<unknown[]> => {
    await client.indices.refresh({ index: sessions });
    const found = await client.search({ index: sessions, query: { term: { user_id: alice.id } } });
    return found.hits.hits.map(({ _source }) => _source);
  };
  const listed = await archive.sessions({ query: ofAlice });
  expect(listed.sessions).toHaveLength(1);
  await waitFor('the copy', async () => (await copies()).length === 1, SETTLED_MS);
  const [copy] = await copies();
  expect(copy).toMatchObject({ ...listed.sessions[0], audit: { session: { id: listed.sessions[0]?.id } } });
});

it('says where the embedded index answered: free text is not all indexed there', async () => {
  const { records, answered_by: answeredBy } = await archive.search({ query: `"${alice.name}"` });
  expect(records.length).toBeGreaterThan(0);
  expect(answeredBy).toBe('embedded');
});

it('answers from the embedded index while Elasticsearch is down, and says so', async () => {
  await door.shut();
  const { records } = await archive.search({ query: ofAlice });
  expect(records).toHaveLength(1);
  expect(await archive.count({ query: ofAlice })).toEqual({
    count: 1,
    exact: true,
    answered_by: 'embedded',
  });
  expect(await archive.status()).toMatchObject({
    index: { driver: 'elasticsearch', answers: 'embedded', trouble: { code: 'elasticsearch_unreachable' } },
  });
  const ready: unknown = await (await fetch(`${service.url}/readyz`)).json();
  expect(ready).toMatchObject({
    status: 'ready',
    warnings: expect.arrayContaining([
      expect.objectContaining({ message: expect.stringContaining('the embedded index answers searches') }),
    ]),
  });
});
