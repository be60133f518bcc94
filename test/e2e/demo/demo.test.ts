import { openArchive, type Archive } from '@spanledger/audit-exporter';
import type { JsonObject } from '@spanledger/record';
import { readFile, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readField, readText } from '../../../packages/demo/src/record-fields.ts';
import { runDemoOnce, type FinishedDemo } from './demo-run.ts';

const CARRIED = ['audit.session.id', 'oidc.session.id', 'user.id', 'oidc.client_id', 'oidc.issuer'];
/** What says who somebody is, where they were, and what they asked for. */
const PERSONAL = [
  'user.id',
  'user.name',
  'user.email',
  'oidc.session.id',
  'client.address',
  'user_agent.original',
  'url.path',
  'url.query',
];
/** Longer values do not occur by chance. */
const SURE_LENGTH = 8;
const PEOPLE = ['alice', 'bob', 'dave', 'erin', 'nightly-report'];

/** The same must hold whether the application samples everything or nothing. */
describe.each([
  { sampler: 'parentbased_always_on', sendsTelemetry: true },
  { sampler: 'always_off', sendsTelemetry: false },
])('the demo with OTEL_TRACES_SAMPLER=$sampler', ({ sampler, sendsTelemetry }) => {
  let demo: FinishedDemo;
  let records: JsonObject[];

  beforeAll(async () => {
    demo = await runDemoOnce({ OTEL_TRACES_SAMPLER: sampler });
    const archive = await openArchive(demo.directory);
    records = await readAll(archive);
    await archive.close();
  });
  afterAll(() => demo.remove());

  it('finds and verifies everything it expects, and exits with 0', () => {
    const { result } = demo;
    expect(result.expectations.filter(({ ok }) => !ok)).toEqual([]);
    expect(result.expectations.length).toBeGreaterThan(15);
    expect(result.report).toMatchObject({ ok: true, failures: [] });
    expect(result.report.verified).toBe(result.report.size);
    expect(result.ok).toBe(true);
    expect(demo.exitCode).toBe(0);
  });

  it('prints one JSON object, and tells what it does on standard error', () => {
    expect(demo.stdout.trimEnd().split('\n')).toHaveLength(1);
    expect(demo.stderr).toContain('shop on http://127.0.0.1:');
    expect(demo.stderr).not.toMatch(/warn|error|deprecat/i);
  });

  it('leaves the log as tlog-tiles, servable as static files', async () => {
    const names = await readdir(join(demo.directory, 'ledger'));
    expect(names).toEqual(expect.arrayContaining(['checkpoint', 'checkpoints', 'tile']));
    const vkey = await readFile(join(demo.directory, 'ledger.vkey'), 'utf8');
    const [origin = ''] = vkey.split('+');
    const note = await readFile(join(demo.directory, 'ledger', 'checkpoint'), 'utf8');
    const [line, size] = note.split('\n');
    expect(line).toBe(origin);
    // What follows from the records is recorded after them.
    expect(Number(size)).toBeGreaterThanOrEqual(demo.result.report.size);
    expect((await stat(join(demo.directory, 'ledger', 'tile', 'entries', '000'))).size).toBeGreaterThan(0);
    expect((await stat(join(demo.directory, 'ledger', 'tile', '0', '000'))).size).toBe(256 * 32);
  });

  it('has every span of a request with a session carry session, user, client and issuer', () => {
    // What a span reports of a session is a record of its own: back-channel logout tells of one that did not call.
    const spanRecords = records.filter((record) => !readText(record, 'event.action').startsWith('oidc.'));
    const requests = [...Map.groupBy(spanRecords, (record) => readText(record, 'trace.id')).values()];
    const authenticated = requests.filter((spans) => spans.some((span) => readText(span, 'user.id') !== ''));
    expect(authenticated.length).toBeGreaterThan(30);
    for (const spans of authenticated) {
      for (const span of spans)
        for (const field of CARRIED) expect(readText(span, field), field).not.toBe('');
      expect(new Set(spans.map((span) => readText(span, 'user.id'))).size).toBe(1);
      expect(new Set(spans.map((span) => readText(span, 'audit.session.id'))).size).toBe(1);
    }
  });

  it('covers the server span, and spans that ended before anybody was known', () => {
    const calls = records.filter(
      (record) =>
        readText(record, 'span.kind') === 'server' && readText(record, 'event.action') === 'POST /orders',
    );
    const call = calls.find((record) => readText(record, 'user.id') === 'alice');
    const trace = readText(call ?? {}, 'trace.id');
    const spans = records.filter((record) => readText(record, 'trace.id') === trace);
    const early = spans.filter((record) =>
      /middleware - (numberRequests|jsonParser)/.test(readText(record, 'span.name')),
    );
    expect(early).toHaveLength(2);
    for (const span of early) {
      for (const field of CARRIED) expect(readText(span, field), field).toBe(readText(call ?? {}, field));
    }
  });

  it('keeps people apart', () => {
    const sessions = Map.groupBy(
      records.filter((record) => readText(record, 'audit.session.id') !== ''),
      (record) => readText(record, 'audit.session.id'),
    );
    for (const spans of sessions.values()) {
      expect(new Set(spans.map((span) => readText(span, 'user.id'))).size).toBe(1);
      expect(new Set(spans.map((span) => readText(span, 'oidc.client_id'))).size).toBe(1);
    }
    const people = new Set(
      records.map((record) => readText(record, 'user.id')).filter((user) => user !== ''),
    );
    expect([...people].toSorted()).toEqual(PEOPLE);
  });

  it('lists each session once, and tells the one that ended from those that did not', () => {
    const state = (user: string): string[] =>
      demo.result.sessions.filter(({ user_id }) => user_id === user).map((session) => session.state);
    expect(state('alice')).toEqual(['logged_out']);
    for (const user of ['bob', 'erin'])
      expect(state(user)).toEqual([expect.stringMatching(/^(active|refreshed)$/)]);
    expect(state('dave')).toHaveLength(1);
    expect(state('carol')).toEqual([]);
  });

  it("shows one session from login to logout, each call with method, route, status, duration and the session's scopes", () => {
    const timeline = (demo.result.session?.timeline ?? []).map(asObject);
    const calls = timeline.filter(
      (record) =>
        readText(record, 'span.kind') === 'server' && readText(record, 'http.request.method') !== '',
    );
    const actions = calls.map((record) => readText(record, 'event.action'));
    expect(actions).toEqual(
      expect.arrayContaining(['GET /callback', 'GET /me', 'POST /orders', 'POST /logout']),
    );
    expect(actions.indexOf('GET /callback')).toBeLessThan(actions.indexOf('POST /logout'));
    for (const call of calls) {
      expect(readText(call, 'http.route')).not.toBe('');
      expect(readText(call, 'http.response.status_code')).toMatch(/^\d{3}$/);
      expect(Number(readText(call, 'event.duration'))).toBeGreaterThan(0);
      expect(readField(call, 'oidc.scope')).toEqual(expect.arrayContaining(['orders:read', 'orders:write']));
    }
  });

  it('writes no token, code, secret, cookie or password anywhere', async () => {
    expect(demo.secrets.length).toBeGreaterThan(50);
    expect(demo.secrets.filter((secret) => secret.length < 8)).toEqual([]);
    const files = await readdir(demo.directory, { recursive: true, withFileTypes: true });
    let sizeBytes = 0;
    for (const file of files.filter((entry) => entry.isFile())) {
      const path = join(file.parentPath, file.name);
      const bytes = await readFile(path);
      sizeBytes += bytes.length;
      for (const secret of demo.secrets) expect(bytes.includes(secret), `a secret in ${path}`).toBe(false);
    }
    expect(sizeBytes).toBeGreaterThan(100_000);
    const opened = JSON.stringify(records);
    for (const secret of demo.secrets) {
      expect(opened.includes(secret), 'a secret in an opened document').toBe(false);
      expect(demo.stdout.includes(secret) || demo.stderr.includes(secret), 'a secret in the output').toBe(
        false,
      );
    }
  });

  it('keeps every name, address, subject, session id, path and query out of every file of the ledger', async () => {
    const personal = personalValues(records);
    expect(personal).toEqual(expect.arrayContaining(['alice', 'bob', 'dave', 'erin']));
    expect(personal.length).toBeGreaterThan(12);
    const ledger = join(demo.directory, 'ledger');
    const files = await readdir(ledger, { recursive: true, withFileTypes: true });
    let sizeBytes = 0;
    for (const file of files.filter((entry) => entry.isFile())) {
      const path = join(file.parentPath, file.name);
      const bytes = await readFile(path);
      sizeBytes += bytes.length;
      for (const value of personal) {
        // What is short occurs by chance in hashes and references, but not as a value.
        const sought = value.length < SURE_LENGTH ? JSON.stringify(value) : value;
        expect(bytes.includes(sought), `${sought} in ${path}`).toBe(false);
      }
    }
    expect(sizeBytes).toBeGreaterThan(100_000);
  });

  it("leaves the application's own exporter alone", () => {
    if (sendsTelemetry) expect(demo.result.telemetry.requests).toBeGreaterThan(0);
    else expect(demo.result.telemetry).toEqual({ requests: 0, size_bytes: 0 });
  });
});

async function readAll(archive: Archive): Promise<JsonObject[]> {
  const records: JsonObject[] = [];
  let cursor: string | undefined;
  do {
    const page = await archive.search({
      query: '',
      limit: 1_000,
      order: 'asc',
      ...(cursor === undefined ? {} : { cursor }),
    });
    records.push(...page.records);
    cursor = page.next;
  } while (cursor !== undefined);
  return records;
}

function asObject(value: unknown): JsonObject {
  return JSON.parse(JSON.stringify(value));
}

/** Every personal value that occurred, but for what stands in the clear on purpose: routes, and the provider's address. */
function personalValues(records: readonly JsonObject[]): string[] {
  const people = records.filter((record) => readText(record, 'audit.actor.type') === 'user');
  const clear = records.flatMap((record) =>
    ['http.route', 'oidc.issuer'].map((field) => readText(record, field)),
  );
  const values = new Set(people.flatMap((record) => PERSONAL.map((field) => readText(record, field))));
  return [...values].filter((value) => value !== '' && !clear.some((text) => text.includes(value)));
}
