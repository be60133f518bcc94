import { appendFile, cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { loadConfig, startService } from '@spanledger/audit-exporter';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { rowRemoval } from '../../support/exporter/row-removal.ts';
import { exportRequest, sessionAttributes } from '../support/otlp-json.ts';
import { postSpans, recordLog } from '../support/recorded-log.ts';
import { runCli } from '../support/run-cli.ts';

const ENTRIES = 300;

/** So many more arrive while an index is verified: it has to come to an end on a machine that is slow. */
const MOST_SENT = 2000;

let data = '';

beforeAll(async () => {
  data = await recordLog(ENTRIES);
});
afterAll(() => rm(data, { recursive: true, force: true }));

async function copyData(): Promise<string> {
  const copy = await mkdtemp(join(tmpdir(), 'spanledger-index-'));
  onTestFinished(() => rm(copy, { recursive: true, force: true }));
  await cp(data, copy, { recursive: true });
  return copy;
}

function write(copy: string, file: string, sql: string): void {
  using database = new DatabaseSync(join(copy, file), { defensive: false });
  database.exec(sql);
}

async function verifyIndexOf(copy: string): Promise<{ status: number | null; text: string; json: string }> {
  const told = await runCli(['verify', '--index', '--data', copy]);
  const { status, stdout } = await runCli(['verify', '--index', '--data', copy, '--json']);
  expect(status).toBe(told.status);
  return { status, text: told.stdout, json: stdout };
}

describe('verify --index', () => {
  it('accepts what the service left behind', async () => {
    const { status, text, json } = await verifyIndexOf(data);
    expect(JSON.parse(json)).toMatchObject({
      ok: true,
      index: { ok: true, size: ENTRIES, compared: ENTRIES, failures: [], complete: true },
    });
    expect(text).toContain('VERIFIED  index, sessions and vault');
    expect(status).toBe(0);
  });

  it('accepts an index that a running service writes to', async () => {
    const copy = await copyData();
    const service = await startService(
      loadConfig({
        env: { SPANLEDGER_DATA_DIRECTORY: copy, SPANLEDGER_PORT: '0', SPANLEDGER_LOG_LEVEL: 'fatal' },
      }),
    );
    let sent = 0;
    const stop = new AbortController();
    const sending = (async () => {
      for (; !stop.signal.aborted && sent < MOST_SENT; sent += 20) {
        const spans = Array.from({ length: 20 }, (_, i) => {
          return { sequence: sent + i + 1, attributes: sessionAttributes('carol', 'carol-session') };
        });
        await postSpans(service.url, exportRequest('ab'.repeat(16), spans));
      }
    })();
    try {
      for (let round = 0; round < 2; round++) {
        const { status, stdout } = await runCli(['verify', '--index', '--data', copy, '--json']);
        expect(JSON.parse(stdout)).toMatchObject({ ok: true, index: { ok: true, failures: [] } });
        expect(status).toBe(0);
      }
    } finally {
      stop.abort();
      await sending;
      await service.close();
    }
    expect(sent).toBeGreaterThan(0);
  });

  it.each([
    ['a record is removed', rowRemoval(18), 'indexed_record_missing', 17],
    [
      'a record is left without its words',
      `${rowRemoval(18)} INSERT INTO postings (rowid, tokens) VALUES (18, '+ ?none')`,
      'indexed_record_altered',
      17,
    ],
    [
      'a record is added',
      "INSERT INTO postings (rowid, tokens) VALUES (400, '+')",
      'indexed_record_foreign',
      399,
    ],
    [
      'times are moved',
      'UPDATE time_blocks SET last_ms = first_ms - 1 WHERE block = 1',
      'indexed_times_altered',
      256,
    ],
    [
      'a field is forgotten',
      'DELETE FROM shape_fields WHERE field IN (SELECT field FROM shape_fields LIMIT 1)',
      'indexed_fields_altered',
      undefined,
    ],
    [
      'it says that it has come less far',
      "UPDATE meta SET value = 290 WHERE name = 'position'",
      'index_behind',
      290,
    ],
    ['it has come further', "UPDATE meta SET value = 310 WHERE name = 'position'", 'index_ahead', 300],
    [
      'its inner nodes lead past what is in it',
      'UPDATE postings_idx SET pgno = pgno + 2 WHERE pgno > 3',
      'index_inconsistent',
      undefined,
    ],
  ])('fails where of the index %s', async (_, sql, code, index) => {
    const copy = await copyData();
    write(copy, 'index/index.db', sql);
    const { status, text, json } = await verifyIndexOf(copy);
    const report: { ok: boolean; index: { ok: boolean; failures: unknown[] } } = JSON.parse(json);
    expect(report).toMatchObject({ ok: true, index: { ok: false } });
    expect(report.index.failures).toContainEqual(
      expect.objectContaining({ code, place: index === undefined ? {} : { index } }),
    );
    expect(text).toContain(code);
    expect(status).toBe(1);
  });

  it.each([
    ['is removed', 'DELETE FROM sessions', 'session_missing'],
    ['is told otherwise', "UPDATE sessions SET state = 'revoked'", 'session_altered'],
    [
      'is added',
      `INSERT INTO sessions SELECT 'forged', actor, NULL, issuer, state, 9999, 9999, 9999, identity, started, last_seen,
        ended, end_index, records, failures, clients, services, steps, last_active, last_use, token_end
        FROM sessions LIMIT 1`,
      'session_foreign',
    ],
  ])('fails where a session %s', async (_, sql, code) => {
    const copy = await copyData();
    write(copy, 'sessions/sessions.db', sql);
    const { status, json } = await verifyIndexOf(copy);
    const report: { index: { failures: { code: string }[] } } = JSON.parse(json);
    expect(report.index.failures.length).toBeGreaterThan(0);
    for (const failure of report.index.failures) expect(failure.code).toBe(code);
    expect(status).toBe(1);
  });

  it.each([
    ['is removed', 'DELETE FROM tokens', 'token_missing'],
    ['is told otherwise', "UPDATE tokens SET expires_at = '2099-01-01T00:00:00.000000000Z'", 'token_altered'],
    [
      'is added',
      "INSERT INTO tokens SELECT 'forged', issuer, 9999, session, previous, issued_at, NULL, NULL, NULL, facts FROM tokens LIMIT 1",
      'token_foreign',
    ],
  ])('fails where a token %s', async (_, sql, code) => {
    const copy = await copyData();
    write(copy, 'sessions/sessions.db', sql);
    const { status, json } = await verifyIndexOf(copy);
    const report: { index: { failures: { code: string; place: { index?: number } }[] } } = JSON.parse(json);
    expect(report.index.failures.length).toBeGreaterThan(0);
    for (const failure of report.index.failures) {
      expect(failure).toMatchObject({ code, place: { index: expect.any(Number) } });
    }
    expect(status).toBe(1);
  });

  it('fails where the vault cannot be read', async () => {
    const copy = await copyData();
    write(copy, 'vault/vault.db', 'UPDATE boxes SET box = zeroblob(length(box))');
    const { status, json } = await verifyIndexOf(copy);
    expect(JSON.parse(json)).toMatchObject({
      index: { complete: false, compared: 0, failures: [{ code: 'disclosures_unreadable' }] },
    });
    expect(status).toBe(1);
  });

  it('does not compare an index with a ledger that is not sound', async () => {
    const copy = await copyData();
    await appendFile(join(copy, 'ledger/tile/entries/000'), 'x');
    const { status, text, json } = await verifyIndexOf(copy);
    expect(JSON.parse(json)).not.toHaveProperty('index');
    expect(text).toContain('The index was not compared');
    expect(status).toBe(1);
  });

  it('asks for a data directory', async () => {
    const { status, stderr } = await runCli(['verify', '--index', '--url', 'http://127.0.0.1:1']);
    expect(stderr).toContain('--data');
    expect(status).toBe(2);
  });

  it('belongs to a ledger, not to a record', async () => {
    const { status, stderr } = await runCli(['verify', '-', '--index', '--data', data], '{}');
    expect(stderr).toContain('--index belongs to the verification of a whole ledger');
    expect(status).toBe(2);
  });
});
