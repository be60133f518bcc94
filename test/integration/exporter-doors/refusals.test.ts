import {
  createToken,
  dataDirectory,
  revokeToken,
  type Service,
  type TokenWish,
} from '@spanledger/audit-exporter';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ask } from '../../support/exporter/ask.ts';
import {
  makeDataDirectory,
  readAllFiles,
  readEntries,
  startTestService,
  verifyDirectory,
  waitFor,
} from '../../support/exporter/service.ts';
import { createSender, toProtobuf } from '../../support/exporter/spans.ts';

let data: Awaited<ReturnType<typeof makeDataDirectory>>;
let service: Service;
let directory: string;
let auditor: string;
const secrets: string[] = [];

beforeAll(async () => {
  data = await makeDataDirectory();
  directory = dataDirectory(data.path).tokens;
  auditor = (await make({ role: 'auditor', services: [] })).token;
  service = await startTestService(data.path);
});

afterAll(async () => {
  await service.close();
  await data.remove();
});

async function make(wish: TokenWish): Promise<{ id: string; token: string }> {
  const { token, stored } = await createToken(directory, wish, Date.now());
  secrets.push(token);
  return { id: stored.id, token };
}

interface Found {
  audit: { access: { reason: string; count: number; token?: string }; actor?: object };
  event: { category: string[]; outcome: string };
  client?: { address?: string };
  http: { route: string; response: { status_code: number } };
}

/** The records of refusals that the API finds. */
async function find(query: string): Promise<Found[]> {
  const url = `${service.url}/api/records?limit=500&query=${encodeURIComponent(`event.action:access.refused and ${query}`)}`;
  const { text } = await ask(url, { token: auditor });
  return JSON.parse(text).records;
}

test('each kind of refusal becomes a record that says why, from where, and by which token', async () => {
  const sender = await make({ role: 'sender', services: ['shop'] });
  const expired = await make({ role: 'auditor', services: [], expiresMs: Date.now() });
  const revoked = await make({ role: 'auditor', services: [] });
  await revokeToken(directory, revoked.id, Date.now());
  const other = await makeDataDirectory();
  const unknown = (await createToken(other.path, { role: 'auditor', services: [] }, Date.now())).token;
  await other.remove();
  service.reload();
  const records = `${service.url}/api/records`;
  const traces = `${service.url}/v1/traces`;
  const statuses = [
    await ask(records),
    await ask(records, { token: 'nonsense-4711' }),
    await ask(records, { token: unknown }),
    await ask(records, { token: expired.token }),
    await ask(records, { token: revoked.token }),
    await ask(records, { token: sender.token }),
    await ask(traces, { token: sender.token, body: toProtobuf([createSender('stock').span()]) }),
  ].map(({ status }) => status);
  expect(statuses).toEqual([401, 401, 401, 401, 401, 403, 403]);
  const expected: [string, string, string, string | undefined][] = [
    ['token_missing', 'authentication', '/api/records', undefined],
    ['token_malformed', 'authentication', '/api/records', undefined],
    ['token_unknown', 'authentication', '/api/records', undefined],
    ['token_expired', 'authentication', '/api/records', expired.id],
    ['token_revoked', 'authentication', '/api/records', revoked.id],
    ['role_insufficient', 'iam', '/api/records', sender.id],
    ['service_not_allowed', 'iam', '/v1/traces', sender.id],
  ];
  for (const [reason, category, route, token] of expected) {
    await waitFor(reason, async () => (await find(`event.reason:${reason}`)).length === 1);
    const [record] = await find(`event.reason:${reason}`);
    expect(record).toMatchObject({
      audit: { access: { reason, count: 1, ...(token !== undefined && { token }) } },
      event: { category: [category], outcome: 'failure' },
      client: { address: '127.0.0.1' },
      http: { route, response: { status_code: category === 'iam' ? 403 : 401 } },
    });
  }
  secrets.push(unknown, 'nonsense-4711');
});

test('thousands of attempts are a few records, which count them all; answers do not wait for them', async () => {
  const before = await readRefusals();
  const attempts = 2_000;
  const next = Array.from({ length: 8 }, async () => {
    for (let i = 0; i < attempts / 8; i++) expect((await ask(`${service.url}/api/status`)).status).toBe(401);
  });
  await Promise.all(next);
  const metrics = await ask(`${service.url}/metrics`, { token: auditor });
  expect(
    Number(/refused_total\{reason="token_missing"\} (\d+)/.exec(metrics.text)?.[1]),
  ).toBeGreaterThanOrEqual(attempts);
  // A stop ends the minute.
  await service.close();
  service = await startTestService(data.path);
  const after = await readRefusals();
  expect(after.length - before.length).toBeLessThan(60);
  const counted = (records: Found[]): number =>
    records.reduce((sum, { audit }) => sum + audit.access.count, 0);
  expect(counted(after) - counted(before)).toBe(attempts);
  expect(await verifyDirectory(data.path)).toMatchObject({ ok: true });
});

async function readRefusals(): Promise<Found[]> {
  await waitFor('publication', () => service.sizes().published === service.sizes().durable);
  const entries: unknown[] = await readEntries(data.path);
  return entries.filter((entry): entry is Found => JSON.stringify(entry).includes('"access.refused"'));
}

test('nothing that was presented is anywhere in the data directory', async () => {
  const files = await readAllFiles(data.path);
  for (const secret of secrets) {
    for (const [name, bytes] of files) {
      expect(bytes.includes(secret), name).toBe(false);
      if (secret.startsWith('slt_')) expect(bytes.includes(secret.slice(15, 35)), name).toBe(false);
    }
  }
});
