import { readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { connectRetentionDesk, type Service, verifyIndex } from '@spanledger/audit-exporter';
import { isJsonObject, type JsonObject } from '@spanledger/record';
import { httpTiles, verifyDocument, verifyLedger } from '@spanledger/ledger/verify';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ask } from '../../support/exporter/ask.ts';
import {
  makeDataDirectory,
  readAllFiles,
  sendTraces,
  startTestService,
  verifyDirectory,
  waitFor,
} from '../../support/exporter/service.ts';
import { createSender, sessionAttributes, toProtobuf } from '../../support/exporter/spans.ts';

const CONFIG = `
journal: { segment_max_age_ms: 200 }
alerts: { enabled: false }
retention:
  default: forever
  classes:
    failures: { keep: 400d, match: { outcome: failure } }
    derived: { keep: 1s, match: { kind: [state, alert] } }
    calls: { keep: 1s, match: { category: web } }
`;

let data: Awaited<ReturnType<typeof makeDataDirectory>>;
let running: Service | undefined;

beforeEach(async () => {
  data = await makeDataDirectory();
  await writeFile(join(data.path, 'spanledger.yaml'), CONFIG);
});

afterEach(async () => {
  await running?.close();
  running = undefined;
  await data.remove();
});

async function start(): Promise<Service> {
  running = await startTestService(data.path);
  return running;
}

async function get(path: string): Promise<JsonObject> {
  return JSON.parse((await ask(`${running?.url}${path}`)).text);
}

async function post(path: string, body: object): Promise<JsonObject> {
  const { text } = await ask(`${running?.url}${path}`, {
    method: 'POST',
    body: JSON.stringify(body),
    headers: { 'content-type': 'application/json' },
  });
  return JSON.parse(text);
}

async function find(query: string): Promise<JsonObject[]> {
  const { records } = await get(`/api/records?limit=1000&query=${encodeURIComponent(query)}`);
  return Array.isArray(records) ? records.filter(isJsonObject) : [];
}

async function purgesOf(name: string): Promise<unknown[]> {
  const records = await find(`event.action:retention.purged and audit.target.id:${name}`);
  return records.map((record) => (isJsonObject(record['audit']) ? record['audit']['retention'] : undefined));
}

async function isIndexed(service: Service): Promise<boolean> {
  return (await find(`audit.ledger.index:${service.sizes().durable - 1}`)).length === 1;
}

const sender = createSender('shop');

async function sendCalls(service: Service, user: string, status: number, count: number): Promise<void> {
  const spans = Array.from({ length: count }, () =>
    sender.span({
      attributes: {
        ...sessionAttributes(user, `session of ${user}`),
        'http.request.method': 'GET',
        'http.response.status_code': status,
        'client.address': '198.51.100.77',
        'url.query': `coupon=${user}-SECRET`,
      },
    }),
  );
  expect((await sendTraces(service.url, toProtobuf(spans))).status).toBe(200);
  await waitFor('all to be found', () => isIndexed(service));
}

async function purge(service: Service): Promise<void> {
  const desk = connectRetentionDesk(service.url);
  await desk.runRetention();
  await waitFor('the purge', async () => !(await desk.retention()).running);
  expect(await desk.retention()).toMatchObject({ last: {} });
}

async function planned(service: Service): Promise<Record<string, { due: number; held: number }>> {
  const { classes } = await connectRetentionDesk(service.url).planRetention();
  return Object.fromEntries(classes.map(({ class: name, due, held }) => [name, { due, held }]));
}

test('what is due goes from index and vault and every file, what is held stays, and all of it verifies', async () => {
  const service = await start();
  await sendCalls(service, 'alice', 200, 300);
  await sendCalls(service, 'bob', 200, 20);
  await sendCalls(service, 'carol', 500, 5);
  const hold = await post('/api/holds', { query: 'user.id:bob', reason: 'case 1' });
  const id = typeof hold['id'] === 'string' ? hold['id'] : '';
  expect(id).not.toBe('');
  await waitFor('the records to be due', async () => {
    const { calls } = await planned(service);
    return calls?.due === 300 && calls.held === 20;
  });
  expect(await planned(service)).toMatchObject({
    calls: { due: 300, held: 20 },
    failures: { due: 0, held: 0 },
    default: { due: 0, held: 0 },
  });

  await waitFor('the purge of all', async () => {
    await purge(service);
    return (await planned(service))['calls']?.due === 0;
  });
  expect(await find('user.id:alice and event.kind:event')).toEqual([]);
  expect(await find('http.response.status_code:200')).toHaveLength(20);
  expect(await find('user.id:bob and event.kind:event')).toHaveLength(20);
  expect(await find('user.id:carol and event.kind:event')).toHaveLength(5);
  await waitFor('the record of it', async () => (await purgesOf('calls')).length > 0);
  expect(await purgesOf('calls')).toMatchObject([{ count: 300, first_index: 0, last_index: 299 }]);

  // What it says is in no file: nothing opens what was sealed, and nobody has it beside.
  const shown = JSON.stringify(await get('/api/records/290'));
  expect(shown).toContain('"commitments"');
  expect(shown).not.toContain('alice');
  expect((await verifyDirectory(data.path)).ok).toBe(true);

  // Built anew, the index does not bring it back.
  await service.close();
  await rm(join(data.path, 'index'), { recursive: true });
  const again = await start();
  await waitFor('the index', () => isIndexed(again));
  expect(await find('http.response.status_code:200')).toHaveLength(20);
  const { trouble } = await connectRetentionDesk(again.url).retention();
  expect(trouble).toBeUndefined();

  // What is not held any more goes with the next purge.
  await post(`/api/holds/${id}/release`, { reason: 'closed' });
  await purge(again);
  expect(await find('http.response.status_code:200')).toEqual([]);
  expect(await find('user.id:carol and event.kind:event')).toHaveLength(5);
  await again.close();
  for (const [file, bytes] of await readAllFiles(data.path)) {
    for (const text of ['alice', 'bob-SECRET'])
      expect(bytes.includes(text), `${text} in ${file}`).toBe(false);
  }
}, 60_000);

test('the log is pruned of what was purged from its beginning on, and every proof still verifies', async () => {
  const service = await start();
  await sendCalls(service, 'alice', 200, 600);
  await sendCalls(service, 'carol', 500, 300);
  const before = {
    checkpoint: (await ask(`${service.url}/checkpoint`)).text,
    proof: (await ask(`${service.url}/api/records/5/proof`)).text,
    document: await get('/api/records/5'),
  };
  await waitFor('what is due to be purged', async () => {
    await purge(service);
    return (await connectRetentionDesk(service.url).retention()).minimum_index === 512;
  });
  expect((await ask(`${service.url}/minimum-index`)).text).toBe('512\n');
  await waitFor('the record of it', async () => (await find('event.action:retention.pruned')).length > 0);
  expect((await readdir(join(data.path, 'ledger/tile/entries'))).toSorted()[0]).toMatch(/^002/);
  expect((await readdir(join(data.path, 'ledger/tile/0'))).toSorted().slice(0, 2)).toEqual(['000', '001']);

  // What was proven before is proven still, and a proof of what is gone can be had.
  const vkey = (await ask(`${service.url}/ledger.vkey`)).text.trim();
  const { text: proof } = await ask(`${service.url}/api/records/5/proof`);
  for (const one of [before.proof, proof]) {
    expect(verifyDocument({ document: before.document, proof: one, vkey })).toMatchObject({ ok: true });
  }
  const isGone = async (): Promise<boolean> => (await ask(`${service.url}/api/records/5`)).status === 404;
  await waitFor('the entry to be gone', isGone);
  const known = { known: [before.checkpoint] };
  const report = await verifyLedger({ source: httpTiles(`${service.url}/`), vkey, ...known });
  expect(report).toMatchObject({ ok: true, pruned: 512, knownVerified: 1, failures: [], warnings: [] });
  await get('/api/sessions');

  // Everything is built anew from what is left, also after a stop.
  await service.close();
  expect(await verifyIndex(data.path)).toMatchObject({ ok: true, failures: [] });
  for (const room of ['index', 'sessions', 'completeness', 'retention', 'state/producers.json']) {
    await rm(join(data.path, room), { recursive: true });
  }
  const again = await start();
  await waitFor('the index', () => isIndexed(again));
  expect(await find('user.id:carol and event.kind:event')).toHaveLength(300);
  await purge(again);
  await again.close();
  expect(await verifyIndex(data.path)).toMatchObject({ ok: true, failures: [] });
  expect(await verifyDirectory(data.path)).toMatchObject({ ok: true, pruned: 512 });

  // Nor can anybody hide a record by a mark: the log does not say that it was purged.
  const marks = new DatabaseSync(join(data.path, 'retention', 'retention.db'));
  const chunk = marks.prepare('SELECT classes FROM chunks WHERE chunk = 2').get()?.['classes'];
  if (!(chunk instanceof Uint8Array)) throw new TypeError('there is such a chunk');
  const hidden = chunk.with(chunk.indexOf(0), 0xfe);
  marks.prepare('UPDATE chunks SET classes = ? WHERE chunk = 2').run(hidden);
  marks.close();
  const { failures } = await verifyIndex(data.path);
  expect(failures.map(({ code }) => code)).toContain('purge_unrecorded');

  // Nobody else can take entries away: the next bundle, with the minimum index that would excuse it.
  await rm(join(data.path, 'ledger/tile/entries/002'));
  await writeFile(join(data.path, 'ledger/minimum-index'), '768\n');
  expect((await verifyDirectory(data.path)).failures.map(({ code }) => code)).toEqual([
    'bundle_missing',
    'minimum_index_wrong',
  ]);
}, 60_000);

test('a class by role: the rule of the audit policy that matches it names the class', async () => {
  const policy = `version: 1
rules: [{ name: staff, match: { role: admin }, level: full, retention: staff }]
default: { level: full }
`;
  await writeFile(join(data.path, 'audit-policy.yaml'), policy);
  const config = 'retention: { classes: { staff: { keep: 1s } } }\npolicy: { file: audit-policy.yaml }\n';
  await writeFile(
    join(data.path, 'spanledger.yaml'),
    `journal: { segment_max_age_ms: 200 }\nalerts: { enabled: false }\n${config}`,
  );
  const service = await start();
  const spans = ['root', 'alice'].flatMap((user) =>
    Array.from({ length: 5 }, () =>
      sender.span({
        attributes: {
          ...sessionAttributes(user, `session of ${user}`),
          ...(user === 'root' && { 'user.roles': ['admin'] }),
        },
      }),
    ),
  );
  expect((await sendTraces(service.url, toProtobuf(spans))).status).toBe(200);
  await waitFor('all to be found', () => isIndexed(service));
  await waitFor('the records to be due', async () => (await planned(service))['staff']?.due === 5);
  await purge(service);
  expect(await find('user.id:root and event.kind:event')).toEqual([]);
  expect(await find('user.id:alice and event.kind:event')).toHaveLength(5);
}, 60_000);
