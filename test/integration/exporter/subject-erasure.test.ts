import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { dataDirectory, openArchive, type Service } from '@spanledger/audit-exporter';
import { isJsonObject, type JsonObject } from '@spanledger/record';
import { verifyDocument } from '@spanledger/ledger/verify';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createBlindKey } from '../../../packages/exporter/src/blind-key.ts';
import { loadIndexKey, loadKek } from '../../../packages/exporter/src/privacy/index.ts';
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

/** Everything about Alice that occurs; nobody else has any of it. */
const ALICE = [
  'alice-4711',
  'alice@example.com',
  'Alice Liddell',
  'session-0815',
  '198.51.100.77',
  'AliceBrowser/5.0',
  'coupon=SECRET',
  'before she logged in',
];
const REASON = 'Art. 17 request 2026-17';

let data: Awaited<ReturnType<typeof makeDataDirectory>>;
let running: Service | undefined;

beforeEach(async () => {
  data = await makeDataDirectory();
});

afterEach(async () => {
  await running?.close();
  running = undefined;
  await data.remove();
});

async function start(env: NodeJS.ProcessEnv = { SPANLEDGER_FOUR_EYES: 'false' }): Promise<Service> {
  running = await startTestService(data.path, env);
  return running;
}

async function post(path: string, body: object): Promise<{ status: number; body: Record<string, unknown> }> {
  const { status, text } = await ask(`${running?.url}${path}`, {
    method: 'POST',
    body: JSON.stringify(body),
    headers: { 'content-type': 'application/json' },
  });
  return { status, body: JSON.parse(text) };
}

async function get(path: string): Promise<Record<string, unknown>> {
  return JSON.parse((await ask(`${running?.url}${path}`)).text);
}

async function find(query: string): Promise<JsonObject[]> {
  const { records } = await get(`/api/records?limit=1000&query=${encodeURIComponent(query)}`);
  return Array.isArray(records) ? records.filter(isJsonObject) : [];
}

const sender = createSender('shop');

async function sendPeople(service: Service, rounds = 40): Promise<void> {
  const spans = Array.from({ length: rounds }, (_, i) => {
    const traceId = i.toString(16).padStart(32, 'a');
    return [
      // Of nobody: it ended before Alice was known, in the same trace.
      sender.span({
        traceId,
        name: 'before she logged in',
        attributes: { 'client.address': '198.51.100.77' },
      }),
      sender.span({
        traceId,
        attributes: {
          ...sessionAttributes('alice-4711', 'session-0815'),
          'user.email': 'alice@example.com',
          'user.name': 'Alice Liddell',
          'client.address': '198.51.100.77',
          'user_agent.original': 'AliceBrowser/5.0',
          'url.query': 'coupon=SECRET',
        },
      }),
      sender.span({ attributes: { ...sessionAttributes('bob', 'session-of-bob'), 'user.name': 'Bob' } }),
      sender.span({ name: 'of nobody at all' }),
    ];
  }).flat();
  expect((await sendTraces(service.url, toProtobuf(spans))).status).toBe(200);
  const { durable } = service.sizes();
  await waitFor(
    'all to be found',
    async () => (await find(`audit.ledger.index:${durable - 1}`)).length === 1,
  );
}

async function erase(id: string): Promise<Record<string, unknown>> {
  const asked = await post('/api/erasures', {
    subject: { id, issuer: 'https://id.example' },
    reason: REASON,
  });
  expect(asked.status, JSON.stringify(asked.body)).toBe(202);
  let erasure: Record<string, unknown> = {};
  await waitFor('the erasure', async () => {
    erasure = await get(`/api/erasures/${String(asked.body['id'])}`);
    return erasure['state'] === 'completed';
  });
  return erasure;
}

/** No query finds her, and no byte of any file holds a word of hers. */
async function expectGone(): Promise<void> {
  for (const query of ['user.id:alice-4711', '"Alice Liddell"', 'client.address:198.51.100.77', 'SECRET']) {
    expect(await find(query), query).toEqual([]);
  }
  // Nor do the documents themselves, whatever the index says.
  const all = JSON.stringify(await find(''));
  for (const text of ALICE) expect(all.includes(text), text).toBe(false);
  await expectNoBytes();
}

/** Whether the index file holds the keyed hash of a name; the beginning of a term may be left to the one before it. */
async function isHashed(name: string): Promise<boolean> {
  const paths = dataDirectory(data.path);
  const kek = await loadKek(paths.kekFile, undefined, false);
  const key = createBlindKey(await loadIndexKey(paths.indexKeyFile, kek, false));
  const term = key.token('value', `user.id\0${name}`).slice(5);
  const files = [...(await readAllFiles(join(data.path, 'index'))).values()];
  return files.some((bytes) => bytes.includes(term));
}

async function expectNoBytes(): Promise<void> {
  for (const [file, bytes] of await readAllFiles(data.path)) {
    for (const text of ALICE) expect(bytes.includes(text), `${text} in ${file}`).toBe(false);
  }
}

function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null
    ? Object.getOwnPropertyDescriptor(value, name)?.value
    : undefined;
}

/** Every token of the index file, as SQLite tells it. */
function indexTokens(): Set<string> {
  const database = new DatabaseSync(join(data.path, 'index', 'index.db'), { readOnly: true });
  database.exec("CREATE VIRTUAL TABLE temp.words USING fts5vocab('main', 'postings', 'row')");
  const words = database.prepare('SELECT term FROM temp.words').all();
  database.close();
  return new Set(words.map(({ term }) => String(term)));
}

describe('erasing a subject', () => {
  test('leaves nothing of it anywhere, all of the others, and every proof', async () => {
    const service = await start();
    await sendPeople(service);
    const known = (await find('user.id:alice-4711')).at(-1);
    const proof = await ask(`${service.url}/api/records/1/proof`);
    const tokensBefore = indexTokens();
    expect(await isHashed('alice-4711')).toBe(true);
    const erasure = await erase('alice-4711');
    expect(await isHashed('alice-4711')).toBe(false);
    expect(await isHashed('bob')).toBe(true);
    expect(erasure).toMatchObject({ counts: { companions: 40, sessions: 1 } });
    // Those of her session that were derived from the others count as hers.
    expect(Number(member(erasure['counts'], 'records'))).toBeGreaterThanOrEqual(40);
    await expectGone();
    expect(await find('user.id:bob and event.kind:event')).toHaveLength(40);
    expect(await find('"of nobody at all" and event.kind:event')).toHaveLength(40);
    // The records are there still, without what they said.
    const { audit } = JSON.parse(JSON.stringify(known));
    const left = await find(`audit.actor.id:"${audit.actor.id}" and event.kind:event`);
    expect(left).toHaveLength(40);
    const tokens = indexTokens();
    expect([...tokensBefore].filter((token) => !tokens.has(token)).length).toBeGreaterThan(8);
    await service.close();
    await expectNoBytes();
    expect((await verifyDirectory(data.path)).failures).toEqual([]);
    const vkey = (await readFile(join(data.path, 'ledger.vkey'), 'utf8')).trim();
    // An old proof, of a document as it was copied before and as it is now.
    for (const document of [known ?? {}, left.at(-1) ?? {}]) {
      expect(verifyDocument({ document, proof: proof.text, vkey }).failures).toEqual([]);
    }
  });

  test('is recorded, naming nobody, and certified with a proof', async () => {
    const service = await start();
    await sendPeople(service, 2);
    const { id, reference } = await erase('alice-4711');
    await waitFor(
      'the record',
      async () => (await find('event.action:privacy.erasure.completed')).length === 1,
    );
    const certificate = await get(`/api/erasures/${String(id)}/certificate`);
    expect(certificate).toMatchObject({
      erasure: { id, reference, state: 'completed' },
      origin: service.origin,
      record: { audit: { target: { id: reference, type: 'subject' }, erasure: { id, companions: 2 } } },
    });
    expect(String(certificate['proof'])).toContain('c2sp.org/tlog-proof');
  });

  test('is not undone by a rebuilt index, and a person who comes back is another', async () => {
    const service = await start();
    await sendPeople(service, 3);
    const { reference } = await erase('alice-4711');
    await sendPeople(service, 1);
    const [again] = await find('user.id:alice-4711');
    expect(JSON.parse(JSON.stringify(again)).audit.actor.id).not.toBe(reference);
    await service.close();
    for (const name of ['index', 'sessions']) await rm(join(data.path, name), { recursive: true });
    const next = await start();
    await waitFor('the index', async () => (await find('')).length === next.sizes().durable);
    // What was derived of it comes at any time.
    expect(await find('user.id:alice-4711 and event.kind:event')).toHaveLength(1);
    expect(await find(`audit.actor.id:"${String(reference)}" and event.kind:event`)).toHaveLength(3);
    await next.close();
    const offline = await openArchive(data.path);
    expect((await offline.search({ query: '"Alice Liddell" and event.kind:event' })).records).toHaveLength(1);
    await offline.close();
  });
});

describe('a legal hold', () => {
  test('is taken up from the ledger when the database of holds is lost, and still refuses an erasure', async () => {
    const service = await start();
    await sendPeople(service, 1);
    const body = { subject: { id: 'alice-4711' }, reason: 'case 12/2026' };
    const { id } = (await post('/api/holds', body)).body;
    const query = { query: 'http.route:"/orders/:id"', reason: 'case 13/2026' };
    const other = (await post('/api/holds', query)).body;
    const released = (await post('/api/holds', query)).body;
    await post(`/api/holds/${String(released['id'])}/release`, { reason: 'over' });
    await service.close();
    await rm(join(data.path, 'state', 'privacy.db'));
    await start();
    const asked = await post('/api/erasures', { subject: { id: 'alice-4711' }, reason: REASON });
    expect([asked.status, member(member(asked.body, 'error'), 'code') ?? asked.body['code']]).toEqual([
      409,
      'legal_hold',
    ]);
    const { holds } = await get('/api/holds');
    expect(holds).toMatchObject([
      { id, kind: 'subject', reason: 'case 12/2026' },
      { id: other['id'], kind: 'query', query: 'http.route:"/orders/:id"', reason: 'case 13/2026' },
      { id: released['id'], released_by: { name: 'anybody' } },
    ]);
  });
});
