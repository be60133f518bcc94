import { createToken, dataDirectory, type Service } from '@spanledger/audit-exporter';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ask } from '../../support/exporter/ask.ts';
import {
  makeDataDirectory,
  startTestService,
  verifyDirectory,
  waitFor,
} from '../../support/exporter/service.ts';
import { createSender, toProtobuf } from '../../support/exporter/spans.ts';

let data: Awaited<ReturnType<typeof makeDataDirectory>>;
let service: Service;
let sender: string;
const auditors: { id: string; token: string }[] = [];

beforeAll(async () => {
  data = await makeDataDirectory();
  const { tokens } = dataDirectory(data.path);
  sender = (await createToken(tokens, { role: 'sender', services: ['*'] }, Date.now())).token;
  for (let i = 0; i < 2; i++) {
    const { token, stored } = await createToken(tokens, { role: 'auditor', services: [] }, Date.now());
    auditors.push({ id: stored.id, token });
  }
  service = await startTestService(data.path);
  const span = createSender('shop').span({
    attributes: { 'user.id': 'alice', 'session.id': 'sid-alice', 'oidc.issuer': 'https://id.example' },
  });
  const sent = await ask(`${service.url}/v1/traces`, { token: sender, body: toProtobuf([span]) });
  if (sent.status !== 200) throw new Error(`the service answered ${sent.status}`);
});

afterAll(async () => {
  await service.close();
  await data.remove();
});

async function read(path: string, who = auditors[0]): Promise<{ status: number; text: string }> {
  return await ask(`${service.url}${path}`, { token: who?.token ?? '' });
}

/** The records of readings, as the second auditor finds them. */
async function readings(query: string): Promise<object[]> {
  const question = encodeURIComponent(`event.action:access.read.* and ${query}`);
  const { text } = await read(`/api/records?limit=500&query=${question}`, auditors[1]);
  return JSON.parse(text).records;
}

test('who read what is in the ledger, before the reader has it', async () => {
  await waitFor('alice’s record to be found', async () => {
    const { text } = await read('/api/sessions/sid-alice', auditors[1]);
    return text.includes('"timeline":[{');
  });
  const paths = [
    '/api/records?query=user.id%3Aalice',
    '/api/records/count?query=user.id%3Aalice',
    '/api/records/histogram?query=user.id%3Aalice&interval=day',
    '/api/sessions',
    '/api/sessions/sid-alice',
    '/api/sessions/nobody',
  ];
  for (const path of paths) {
    const before = service.sizes().durable;
    const { status } = await read(path);
    expect(status).toBe(path.endsWith('nobody') ? 404 : 200);
    expect(service.sizes().durable).toBe(before + 1);
  }
  const by = `audit.access.token:${auditors[0]?.id ?? ''}`;
  await waitFor('the readings to be found', async () => (await readings(by)).length === paths.length);
  const found = await readings(
    `${by} and attributes.audit.access.query:"user.id:alice" and event.action:access.read.records`,
  );
  expect(found).toEqual([
    expect.objectContaining({
      audit: expect.objectContaining({
        access: { count: 1, records: 1, role: 'auditor', token: auditors[0]?.id },
      }),
    }),
  ]);
  expect(await readings(`${by} and event.action:access.read.session`)).toHaveLength(2);
});

test('what is public, or shows nobody, leaves no record', async () => {
  const before = service.sizes().durable;
  for (const path of ['/checkpoint', '/ledger.vkey', '/api/records/0/proof', '/api/status', '/metrics']) {
    expect((await read(path)).status).toBe(200);
  }
  expect((await read('/api/records?limit=nonsense')).status).toBe(400);
  expect(service.sizes().durable).toBe(before);
});

test('the ledger with the readings verifies', async () => {
  const { durable } = service.sizes();
  await waitFor('them to be published', () => service.sizes().published >= durable);
  expect((await verifyDirectory(data.path)).failures).toEqual([]);
});
