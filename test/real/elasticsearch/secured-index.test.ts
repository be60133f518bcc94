import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { HrTime } from '@opentelemetry/api';
import type { Service } from '@spanledger/audit-exporter';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runHere } from '../../support/cli/context.ts';
import { caughtUp, readStatus } from '../../support/elasticsearch/caught-up.ts';
import { makeDataDirectory, sendTraces, startTestService, waitFor } from '../../support/exporter/service.ts';
import { createSender, sessionAttributes, toProtobuf } from '../../support/exporter/spans.ts';
import { type Answer, elasticsearchCalls } from './calls.ts';
import { type SecuredElasticsearch, securedElasticsearch } from './shared.ts';

const NAMESPACE = `books_${randomBytes(4).toString('hex')}`;
const AUDIT = `logs-spanledger.audit-${NAMESPACE}`;
const ALERTS = `logs-spanledger.alerts-${NAMESPACE}`;
const CUSTOM = `/_component_template/spanledger-${NAMESPACE}@custom`;
const RECORDS = 6;

let node: SecuredElasticsearch;
let folder: string;
let data: Awaited<ReturnType<typeof makeDataDirectory>>;
let service: Service;
let admin: (method: string, path: string, body?: unknown) => Promise<Answer>;
const sender = createSender('shop');

const keyFile = (role: string): string => join(folder, `spanledger-${role}-${NAMESPACE}.key`);

/** The configuration of the service, and of whoever works on its data directory. */
function environment(): Record<string, string> {
  return {
    SPANLEDGER_ELASTICSEARCH_URL: node.url,
    SPANLEDGER_ELASTICSEARCH_NAMESPACE: NAMESPACE,
    SPANLEDGER_ELASTICSEARCH_CA_FILE: node.caFile,
    SPANLEDGER_ELASTICSEARCH_API_KEY_FILE: keyFile('writer'),
    SPANLEDGER_ELASTICSEARCH_READER_API_KEY_FILE: keyFile('reader'),
  };
}

/** A command on the data directory, with the service's keys or with others. */
async function command(args: string[], env: Record<string, string> = {}) {
  const told = await runHere([...args, '--data', data.path, '--json'], { env: { ...environment(), ...env } });
  // A report is the one line, or the last one.
  const line = told.stdout.trimEnd().split('\n').at(-1) ?? '';
  return { ...told, report: line === '' ? undefined : JSON.parse(line) };
}

const setUp = async (...args: string[]) => {
  const where = ['--url', node.url, '--ca-file', node.caFile, '--namespace', NAMESPACE, '--user', 'admin'];
  const { status, stdout, stderr } = await runHere(['setup', 'elasticsearch', ...where, ...args, '--json'], {
    env: { SPANLEDGER_ELASTICSEARCH_PASSWORD: node.password },
  });
  expect(stderr).toBe('');
  expect(status).toBe(0);
  return JSON.parse(stdout);
};

async function send(count: number): Promise<void> {
  const spans = Array.from({ length: count }, (_, i) =>
    sender.span({
      attributes: {
        ...sessionAttributes('carla', 's1'),
        'http.route': '/books/{id}',
        'url.path': `/books/${i}`,
      },
    }),
  );
  expect((await sendTraces(service.url, toProtobuf(spans))).status).toBe(200);
  await caughtUp(service.url);
  await admin('POST', `/${AUDIT}/_refresh`);
}

beforeAll(async () => {
  node = await securedElasticsearch();
  folder = await mkdtemp(join(tmpdir(), 'spanledger-secured-index-'));
  admin = elasticsearchCalls(node.url, { caFile: node.caFile, auth: `admin:${node.password}` });
  await setUp('--keys-dir', folder);
  data = await makeDataDirectory();
  service = await startTestService(data.path, environment());
  await send(RECORDS);
});

afterAll(async () => {
  await service.close();
  await data.remove();
  await rm(folder, { recursive: true, force: true });
});

/** The index in which a record lies, and its `_id`. */
async function placeOf(index: number): Promise<{ _index: string; _id: string }> {
  const query = { term: { 'audit.ledger.index': index } };
  const { body } = await admin('POST', `/${AUDIT}/_search`, { query });
  return Object(body).hits.hits[0];
}

test('the index verifies with the keys of the service, names what was tampered with, and is mended with the eraser’s', async () => {
  const sound = await command(['verify', '--index', 'elasticsearch']);
  expect({ status: sound.status, index: sound.report.index }).toMatchObject({
    status: 0,
    index: { ok: true, compared: RECORDS },
  });
  const [altered, deleted] = [await placeOf(1), await placeOf(2)];
  await admin('POST', `/${altered._index}/_update/${altered._id}`, { doc: { user: { id: 'mallory' } } });
  await admin('DELETE', `/${deleted._index}/_doc/${deleted._id}`);
  await admin('POST', `/${AUDIT}/_refresh`);
  const tampered = await command(['verify', '--index', 'elasticsearch']);
  expect(tampered.status).toBe(1);
  const { failures } = tampered.report.index;
  expect(failures.map(({ place }: { place: { index: number } }) => place.index).sort()).toEqual([1, 2]);

  const refused = await command(['reindex']);
  expect(refused.status).toBe(3);
  expect(JSON.parse(refused.stderr).error.code).toBe('elasticsearch_refused');
  expect(refused.stderr).toContain('the key of the writer may not');
  const eraser = (await readFile(keyFile('eraser'), 'utf8')).trim();
  const mended = await command(['reindex'], { SPANLEDGER_ELASTICSEARCH_API_KEY: eraser });
  expect(mended).toMatchObject({
    status: 0,
    report: { ok: true, records: RECORDS, created: 1, replaced: 1 },
  });
  await admin('POST', `/${AUDIT}/_refresh`);
  expect((await command(['verify', '--index', 'elasticsearch'])).status).toBe(0);
});

test('what a wrong mapping refuses is listed by doctor, and taken in once it was mended', async () => {
  // Somebody's own part of the template, which takes no route.
  const route = { type: 'long', ignore_malformed: false };
  const mappings = { properties: { http: { properties: { route } } } };
  expect((await admin('PUT', CUSTOM, { template: { mappings } })).status).toBe(200);
  expect((await admin('POST', `/${AUDIT}/_rollover`)).status).toBe(200);
  await send(2);
  const { elasticsearch } = await readStatus(service.url);
  expect(elasticsearch).toMatchObject({ lag: 0, dead_letters: 2 });
  const listed = await command(['doctor']);
  expect(listed.status).toBe(1);
  expect(listed.stdout).toMatch(
    new RegExp(`it refused 2 records: record ${RECORDS} \\(document_parsing_exception at http\\.route\\)`),
  );
  expect((await command(['reindex', '--refused'])).report).toMatchObject({
    ok: false,
    records: 2,
    refused: 2,
  });

  expect((await admin('PUT', CUSTOM, { template: {} })).status).toBe(200);
  expect((await setUp()).applied).toBe(true);
  const taken = await command(['reindex', '--refused']);
  expect(taken).toMatchObject({ status: 0, report: { ok: true, records: 2, created: 2, refused: 0 } });
  await admin('POST', `/${AUDIT}/_refresh`);
  expect((await command(['doctor'])).stdout).not.toContain('it refused');
  await waitFor('the service to know', async () => {
    const { elasticsearch: now } = await readStatus(service.url);
    return now !== undefined && 'dead_letters' in now && now.dead_letters === 0;
  });
  expect((await command(['verify', '--index', 'elasticsearch'])).status).toBe(0);
});

test('an alert stands in the stream of alerts too, once, also after a restart and an indexing anew', async () => {
  const spans = Array.from({ length: 5 }, (_, i) => {
    const time: HrTime = [1_764_000_000 + 10 * i, 0];
    const attributes = { ...sessionAttributes('dora', 's2'), 'oidc.error': 'access_denied' };
    const events = [{ name: 'oidc.authorization.failed', time, attributes }];
    return sender.span({ start: time, end: time, attributes: sessionAttributes('dora', 's2'), events });
  });
  expect((await sendTraces(service.url, toProtobuf(spans))).status).toBe(200);
  const alerts = async (stream: string): Promise<{ _id: string; _source: object }[]> => {
    await admin('POST', `/${stream}/_refresh`);
    const query = { term: { 'event.kind': 'alert' } };
    const { body } = await admin('POST', `/${stream}/_search`, { query });
    return Object(body).hits.hits;
  };
  await waitFor('the alert', async () => (await alerts(ALERTS)).length > 0, 30_000);
  const [alert] = await alerts(ALERTS);
  expect(alert?._source).toMatchObject({ rule: { id: 'failed-logins-per-user' }, user: { id: 'dora' } });
  await caughtUp(service.url);
  const [copy] = await alerts(AUDIT);
  expect(alert).toMatchObject({ _id: copy?._id, _source: copy?._source });

  await service.close();
  await admin('POST', `/${ALERTS}/_rollover`);
  service = await startTestService(data.path, environment());
  await send(1);
  await waitFor('the alerts to be looked through', async () => {
    const { elasticsearch, sizes } = await readStatus(service.url);
    return Object(Object(elasticsearch).alerts).position === sizes.published;
  });
  expect((await alerts(ALERTS)).map(({ _id }) => _id)).toEqual([alert?._id]);

  await admin('POST', `/${ALERTS}/_delete_by_query?refresh`, { query: { match_all: {} } });
  expect(await alerts(ALERTS)).toEqual([]);
  expect((await command(['reindex'])).report).toMatchObject({ ok: true, created: 1, refused: 0 });
  expect(await alerts(ALERTS)).toMatchObject([{ _id: alert?._id, _source: alert?._source }]);
});
