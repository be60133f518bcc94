import { LedgerReader } from '@spanledger/ledger';
import { httpTiles, verifyDocument } from '@spanledger/ledger/verify';
import { closeDocument, encodeCanonical, isJsonObject } from '@spanledger/record';
import type { JsonObject } from '@spanledger/record';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { connectArchive } from '../../../packages/exporter/src/remote-archive.ts';
import { openArchive } from '../../../packages/exporter/src/stored-archive.ts';
import type { Archive } from '../../../packages/exporter/src/archive-types.ts';
import { alice, bob, visit } from './support/people.ts';
import { startTestService } from './support/test-service.ts';
import type { TestService } from './support/test-service.ts';

/** Spans and lifecycle events of one visit with three calls. */
const VISIT_RECORDS = 3 + 4 + 4;

let test: TestService;

beforeAll(async () => {
  test = await startTestService();
  await test.send([...visit(alice, 3), ...visit(bob, 3)]);
});
afterAll(() => test.remove());

async function getJson(path: string): Promise<JsonObject> {
  const response = await test.get(path);
  const answer: unknown = await response.json();
  expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8');
  if (!isJsonObject(answer)) throw new Error('not an object');
  return answer;
}

async function getError(
  path: string,
): Promise<{ status: number; code: unknown; hint: unknown; position: unknown }> {
  const response = await test.get(path);
  const { error } = Object(await response.json());
  return { status: response.status, code: error.code, hint: error.hint, position: error.position };
}

function both(): [name: string, open: () => Promise<Archive>][] {
  return [
    ['the service, over HTTP', () => Promise.resolve(connectArchive(test.service.url))],
    ['the files, beside the service', () => openArchive(test.directory)],
  ];
}

describe.each(both())('an archive of %s', (_name, open) => {
  let archive: Archive;
  beforeAll(async () => {
    archive = await open();
  });
  afterAll(() => archive.close());

  async function searchAll(query: string, limit: number): Promise<JsonObject[]> {
    const records: JsonObject[] = [];
    for (let cursor: string | undefined, more = true; more; more = cursor !== undefined) {
      const page = await archive.search({ query, limit, ...(cursor !== undefined && { cursor }) });
      expect(page.records.length).toBeLessThanOrEqual(limit);
      records.push(...page.records);
      cursor = page.next;
    }
    return records;
  }

  it('finds records by committed and by clear fields, newest first', async () => {
    const { records } = await archive.search({ query: `user.id:${alice.id} and event.outcome:failure` });
    expect(records).toHaveLength(1);
    expect(records[0]).toMatchObject({
      user: { id: alice.id, name: alice.name },
      client: { address: alice.address },
      oidc: { session: { id: alice.sid } },
      http: { response: { status_code: 403 } },
    });
    const all = await archive.search({ query: '', limit: 1000 });
    const indexes = all.records.map((record) => Object(record['audit']).ledger.index);
    expect(indexes).toEqual(Array.from({ length: 2 * VISIT_RECORDS }, (_, i) => 2 * VISIT_RECORDS - 1 - i));
    const oldest = await archive.search({ query: '', limit: 1, order: 'asc' });
    expect(Object(oldest.records[0]?.['audit']).ledger.index).toBe(0);
  });

  it.each([
    ['"parcel of alice"', 3],
    ['client.address:192.0.2.0/24', VISIT_RECORDS],
    ['http.response.status_code >= 400', 2],
    [`session.id:${bob.sid} and http.route:"/orders/:id"`, 3],
    ['@timestamp:"2026-11-02T09:01"', 6],
    ['@timestamp < 2026', 0],
    ['user.name:Alice*', VISIT_RECORDS - 4],
    ['not user.id:*', 0],
  ])('answers %s with %i records, in pages of any size', async (query, count) => {
    for (const limit of [1, 3, 100]) {
      const found = await searchAll(query, limit);
      expect(found.map((record) => Object(record['audit']).ledger.index)).toEqual(
        found.map((record) => Object(record['audit']).ledger.index).toSorted((a: number, b: number) => b - a),
      );
      expect(found, `limit ${limit}`).toHaveLength(count);
    }
  });

  it.each([
    ['', 2 * VISIT_RECORDS],
    [`user.id:${alice.id}`, VISIT_RECORDS],
    ['not http.response.status_code:200', 2 + 8],
    ['user.name:Alice*', VISIT_RECORDS - 4],
    ['"parcel of alice"', 3],
    ['@timestamp < "2026-11-02T09:01:50Z" and event.outcome:success', 2 * 6],
    ['user.id:nobody', 0],
  ])('counts what matches %s: %i', async (query, count) => {
    expect(await archive.count({ query })).toEqual({ count, exact: true });
  });

  it('counts by stretches of time', async () => {
    expect(await archive.histogram({ query: `user.id:${bob.id}`, interval: 'minute' })).toEqual({
      interval: 'minute',
      count: VISIT_RECORDS,
      exact: true,
      buckets: [
        { start: '2026-11-02T09:00:00.000Z', count: 6 },
        { start: '2026-11-02T09:01:00.000Z', count: 3 },
        { start: '2026-11-02T09:02:00.000Z', count: 2 },
      ],
    });
    expect(await archive.histogram({ query: 'user.id:nobody', interval: 'day' })).toMatchObject({
      count: 0,
      buckets: [],
    });
    await expect(archive.count({ query: '(' })).rejects.toMatchObject({ code: 'query_incomplete' });
  });

  it('reads one record by its id and by its place', async () => {
    const byIndex = await archive.record('4');
    const id = Object(byIndex?.['audit']).record.id;
    expect(id).toEqual(expect.any(String));
    expect(await archive.record(id)).toEqual(byIndex);
    expect(await archive.record('999999')).toBeUndefined();
    expect(await archive.record('no-such-record')).toBeUndefined();
  });

  it('proves a record to whoever trusts nobody', async () => {
    const document = await archive.record('7');
    const text = await archive.proof('7');
    if (document === undefined || text === undefined) throw new Error('nothing to prove');
    const report = verifyDocument({ document, proof: text, vkey: await archive.vkey() });
    expect(report).toMatchObject({ ok: true, origin: test.service.origin, failures: [] });
    const edited = { ...document, url: { path: '/somewhere/else' } };
    expect(verifyDocument({ document: edited, proof: text, vkey: await archive.vkey() }).ok).toBe(false);
    expect(await archive.proof('no-such-record')).toBeUndefined();
  });

  it('lists sessions, those that began last first', async () => {
    const { sessions } = await archive.sessions({});
    expect(sessions.map(({ session_id }) => session_id)).toEqual([bob.sid, alice.sid]);
    expect(sessions[1]).toEqual({
      id: expect.any(String),
      session_id: alice.sid,
      user_id: alice.id,
      user_name: alice.name,
      client_id: ['shop-web'],
      issuer: 'https://id.example.test',
      state: 'logged_out',
      started: '2026-11-02T09:00:00.000000000Z',
      ended: '2026-11-02T09:02:00.000000000Z',
      last_seen: '2026-11-02T09:02:00.000000000Z',
      records: VISIT_RECORDS,
      failures: 1,
      services: ['shop'],
    });
    const first = await archive.sessions({ limit: 1 });
    const second = await archive.sessions({
      limit: 1,
      ...(first.next !== undefined && { cursor: first.next }),
    });
    expect([...first.sessions, ...second.sessions]).toEqual(sessions);
    const ofAlice = await archive.sessions({ query: `"parcel of ${alice.id}"` });
    expect(ofAlice.sessions.map(({ user_id }) => user_id)).toEqual([alice.id]);
  });

  it('tells one session as a timeline, by its reference and by its sid', async () => {
    const bySid = await archive.session(alice.sid);
    expect(bySid?.timeline).toHaveLength(VISIT_RECORDS);
    const actions = bySid?.timeline.map((record) => Object(record['event']).action);
    expect(actions?.slice(0, 3).toSorted()).toEqual([
      'GET /callback',
      'oidc.session.started',
      'oidc.token.issued',
    ]);
    expect(actions?.slice(-2).toSorted()).toEqual(['GET /logout', 'oidc.session.ended']);
    expect(await archive.session(bySid?.id ?? '')).toEqual(bySid);
    const start = await archive.session(alice.sid, { limit: 4 });
    const rest = await archive.session(alice.sid, start?.next === undefined ? {} : { cursor: start.next });
    expect([...(start?.timeline ?? []), ...(rest?.timeline ?? [])]).toHaveLength(VISIT_RECORDS);
    expect(await archive.session('nobody')).toBeUndefined();
  });

  it('refuses what it cannot mean', async () => {
    await expect(archive.search({ query: 'user.id:' })).rejects.toMatchObject({
      name: 'QueryError',
      position: 8,
    });
    await expect(archive.search({ query: '', limit: 0 })).rejects.toMatchObject({
      code: 'request_malformed',
    });
    await expect(archive.search({ query: '', cursor: 'x' })).rejects.toMatchObject({
      code: 'cursor_invalid',
    });
    const { next } = await archive.search({ query: '', limit: 1 });
    const moved = archive.search({ query: 'other', limit: 1, ...(next !== undefined && { cursor: next }) });
    await expect(moved).rejects.toMatchObject({ code: 'cursor_invalid' });
  });

  it('gives the log away: checkpoint, key, tiles and status', async () => {
    expect(await archive.checkpoint()).toContain(test.service.origin);
    expect(await archive.vkey()).toBe(test.service.vkey.trim());
    expect(await archive.status()).toMatchObject({
      origin: test.service.origin,
      sizes: { published: 2 * VISIT_RECORDS },
      followers: { index: 0, sessions: 0 },
    });
    const reader = new LedgerReader(archive.tiles);
    expect((await reader.checkpoint()).size).toBe(2 * VISIT_RECORDS);
    expect(await reader.entry(3)).toBeInstanceOf(Uint8Array);
    expect(await archive.tiles.read('tile/0/x999/999')).toBeUndefined();
  });
});

describe('the HTTP API', () => {
  it('serves the log as tlog-tiles clients expect it', async () => {
    const checkpoint = await test.get('/checkpoint');
    expect(checkpoint.headers.get('content-type')).toBe('text/plain; charset=utf-8');
    expect(checkpoint.headers.get('cache-control')).toBe('no-cache');
    const tile = await test.get(`/tile/entries/000.p/${2 * VISIT_RECORDS}`);
    expect(tile.status).toBe(200);
    expect(tile.headers.get('content-type')).toBe('application/octet-stream');
    expect(tile.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
    const reader = new LedgerReader(httpTiles(test.service.url));
    expect(await reader.checkpointCovering(0)).toContain(test.service.origin);
    for await (const { index, bytes } of reader.entries(0, 2 * VISIT_RECORDS)) {
      const { record } = closeDocument(await getJson(`/api/records/${index}`));
      expect(Buffer.from(encodeCanonical(record)).equals(bytes)).toBe(true);
    }
  });

  it.each([
    '/tile/..%2f..%2fkeys%2fledger.key',
    '/tile/%2e%2e/%2e%2e/keys/kek',
    '/tile/entries/../../../keys/kek',
    '/tile/0/000/..%2f000',
    '/tile/0/0',
    '/tile/64/000',
    '/checkpoints/..%2f..%2fledger.vkey',
    '/checkpoints/1',
    '/tile/',
  ])('serves nothing else: %s', async (path) => {
    expect((await test.get(path)).status).toBe(404);
  });

  it.each([
    ['/api/records?query=user.id%3A', 'query_incomplete', 8],
    ['/api/records?limit=0', 'request_malformed', undefined],
    ['/api/records?limit=1001', 'request_malformed', undefined],
    ['/api/records?limit=many', 'request_malformed', undefined],
    ['/api/records?limit=1&limit=2', 'request_malformed', undefined],
    ['/api/records?order=newest', 'request_malformed', undefined],
    ['/api/records?qeury=x', 'request_malformed', undefined],
    ['/api/records?cursor=bm9uc2Vuc2U', 'cursor_invalid', undefined],
    [`/api/records?query=${'a'.repeat(5000)}`, 'query_too_long', 4096],
    ['/api/records/1?x=1', 'request_malformed', undefined],
    ['/api/sessions?limit=201', 'request_malformed', undefined],
    ['/api/sessions?query=%28', 'query_incomplete', 1],
    ['/api/status?x', 'request_malformed', undefined],
  ])('refuses %.40s with %s', async (path, code, position) => {
    const error = await getError(path);
    expect(error).toMatchObject({ status: 400, code, position });
    expect(error.hint).toEqual(expect.any(String));
  });

  it.each(['/api/records/none', '/api/records/none/proof', '/api/records/99999', '/api/sessions/none'])(
    'says that there is no %s',
    async (path) => {
      expect(await getError(path)).toMatchObject({
        status: 404,
        code: 'not_found',
        hint: expect.any(String),
      });
    },
  );

  it('keeps answers with personal data out of caches', async () => {
    expect((await test.get('/api/records')).headers.get('cache-control')).toBe('no-store');
    expect((await test.get('/api/sessions')).headers.get('cache-control')).toBe('no-store');
  });

  it('has a page that loads and runs nothing', async () => {
    const page = await test.get('/');
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(page.headers.get('x-content-type-options')).toBe('nosniff');
    const html = await page.text();
    expect(html).not.toMatch(/<script|<style|style=|\son\w+=|https?:/);
    expect(html).toContain('/api/records');
  });
});

describe('an archive that is not there', () => {
  it('is missing, by the name of the file', async () => {
    await expect(openArchive('/nonexistent/data')).rejects.toMatchObject({
      code: 'archive_missing',
      message: expect.stringContaining('/nonexistent/data/ledger.vkey'),
      hint: expect.stringContaining('spanledger serve'),
    });
  });

  it('is unreachable', async () => {
    const archive = connectArchive('http://127.0.0.1:1');
    const unreachable = { code: 'archive_unreachable', hint: expect.stringContaining('spanledger serve') };
    await expect(archive.search({ query: '' })).rejects.toMatchObject(unreachable);
    await expect(archive.tiles.read('checkpoint')).rejects.toMatchObject(unreachable);
    await expect(archive.checkpoint()).rejects.toMatchObject(unreachable);
  });
});
