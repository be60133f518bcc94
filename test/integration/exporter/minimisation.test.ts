import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Service, startService } from '@spanledger/audit-exporter';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ask } from '../../support/exporter/ask.ts';
import {
  makeDataDirectory,
  sendTraces,
  testConfig,
  verifyDirectory,
  waitFor,
} from '../../support/exporter/service.ts';
import { createSender, toProtobuf } from '../../support/exporter/spans.ts';

// A sender that puts a person's address into the route, at a service that keeps as little as it can.

const EMAIL = 'alice.smith@example.com';
const MINIMISATION = {
  fields: [
    { fields: ['client.address'], action: 'truncate' as const },
    { fields: ['user.id', 'oidc.session.id', 'user.email'], action: 'pseudonymise' as const },
    { fields: ['attributes.order.note'], action: 'drop' as const },
  ],
  quarantine: true,
  quarantineExcept: [],
};

let data: Awaited<ReturnType<typeof makeDataDirectory>>;
let service: Service;

function start(): Promise<Service> {
  return startService({ ...testConfig(data.path), minimisation: MINIMISATION });
}

async function send(): Promise<void> {
  const span = createSender('shop').span({
    attributes: {
      'user.id': 'alice',
      'user.email': EMAIL,
      'session.id': 'sid-alice',
      'oidc.client_id': 'shop-web',
      'oidc.issuer': 'https://id.example',
      'client.address': '192.0.2.77',
      'http.request.method': 'GET',
      'http.route': `/people/${EMAIL}`,
      'order.note': 'leave it at the door',
    },
  });
  const { status } = await sendTraces(service.url, toProtobuf([span]));
  if (status !== 200) throw new Error(`the service answered ${status}`);
}

interface Found {
  audit: { actor: { id: string }; session: { id: string }; redacted: string[] };
  user: { id: string; email: string };
  client: { address: string };
}

async function records(): Promise<Found[]> {
  const { text } = await ask(`${service.url}/api/records?query=${encodeURIComponent('service.name:shop')}`);
  return JSON.parse(text).records;
}

beforeAll(async () => {
  data = await makeDataDirectory();
  service = await start();
  await send();
  await waitFor('the first record', async () => (await records()).length === 1);
  // After a restart whoever acted is known by the pseudonym alone.
  await service.close();
  service = await start();
  await send();
  await waitFor('the second record', async () => (await records()).length === 2);
});

afterAll(async () => {
  await service.close();
  await data.remove();
});

test('what is stored is what the rules leave', async () => {
  const [record] = await records();
  expect(record).toMatchObject({
    user: { id: expect.stringMatching(/^pseudonym:/), email: expect.stringMatching(/^pseudonym:/) },
    client: { address: '192.0.2.0' },
    audit: {
      redacted: [
        'attributes',
        'audit.target.id',
        'client.address',
        'event.action',
        'http.route',
        'oidc.session.id',
        'user.email',
        'user.id',
      ],
    },
  });
  expect(JSON.stringify(record)).not.toContain('at the door');
});

test('a person is the same one after a restart', async () => {
  const [one, other] = await records();
  expect(other?.audit.actor.id).toBe(one?.audit.actor.id);
  expect(other?.audit.session.id).toBe(one?.audit.session.id);
});

test('nothing of it is in the ledger, and the ledger verifies', async () => {
  const directory = join(data.path, 'ledger');
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const text = await readFile(join(entry.parentPath, entry.name), 'latin1');
    for (const secret of [EMAIL, 'sid-alice', '192.0.2.77', 'at the door'])
      expect(text).not.toContain(secret);
  }
  expect((await verifyDirectory(data.path)).failures).toEqual([]);
});

test('whoever looks after the service is told', async () => {
  const { text } = await ask(`${service.url}/readyz`);
  expect(JSON.parse(text).warnings).toContainEqual(
    expect.objectContaining({
      code: 'personal_data_quarantined',
      message: expect.stringContaining('http.route'),
    }),
  );
  expect(text).not.toContain(EMAIL);
  expect((await ask(`${service.url}/metrics`)).text).toContain(
    'spanledger_quarantined_values_total{field="http.route",kind="email"} 1',
  );
});
