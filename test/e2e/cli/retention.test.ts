import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createToken, dataDirectory, type Role, type Service } from '@spanledger/audit-exporter';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runHere } from '../../support/cli/context.ts';
import { ask } from '../../support/exporter/ask.ts';
import { makeDataDirectory, startTestService, waitFor } from '../../support/exporter/service.ts';
import { createSender, sessionAttributes, toProtobuf } from '../../support/exporter/spans.ts';

const CONFIG = `
journal: { segment_max_age_ms: 200 }
alerts: { enabled: false }
retention:
  default: 400d
  classes:
    calls: { keep: 1s, match: { category: web } }
    staff: { keep: forever }
`;

let scratch: Awaited<ReturnType<typeof makeDataDirectory>>;
let service: Service;
const tokens = new Map<string, string>();

beforeAll(async () => {
  scratch = await makeDataDirectory();
  await writeFile(join(scratch.path, 'spanledger.yaml'), CONFIG);
  const roles: Role[] = ['sender', 'auditor', 'privacy-officer'];
  for (const role of roles) {
    const services = role === 'sender' ? ['*'] : [];
    const { tokens: directory } = dataDirectory(scratch.path);
    tokens.set(role, (await createToken(directory, { role, services }, Date.now())).token);
  }
  service = await startTestService(scratch.path);
  const shop = createSender('shop');
  const spans = ['alice', 'bob'].flatMap((who) =>
    Array.from({ length: 10 }, () => shop.span({ attributes: sessionAttributes(who, `session of ${who}`) })),
  );
  const body = toProtobuf(spans);
  const sent = await ask(`${service.url}/v1/traces`, { token: tokens.get('sender') ?? '', body });
  if (sent.status !== 200) throw new Error(sent.text);
});

afterAll(async () => {
  await service.close();
  await scratch.remove();
});

function run(role: string, ...args: string[]): ReturnType<typeof runHere> {
  return runHere([...args], { env: { SPANLEDGER_URL: service.url, SPANLEDGER_TOKEN: tokens.get(role) } });
}

test('what is due is foretold, held back, purged and told', async () => {
  const held = await run(
    'privacy-officer',
    'hold',
    'add',
    '--query',
    'user.id:bob',
    '--reason',
    'case 1',
    '--json',
  );
  const { id } = JSON.parse(held.stdout);
  const due = async (): Promise<string> => {
    const { stdout } = await run('privacy-officer', 'retention', 'plan', '--json');
    const { classes } = JSON.parse(stdout);
    return JSON.stringify(classes[0]);
  };
  await waitFor('the records to be due', async () => /"due":10,.*"held":10/.test(await due()));
  const plan = await run('privacy-officer', 'retention', 'plan');
  expect(plan.stdout).toMatch(/calls +10 +10 +\d+ to \d+/);
  expect(plan.stdout).toContain(`The legal hold ${id} keeps 10 records.`);
  const shown = await run('privacy-officer', 'retention', 'show');
  expect(shown.stdout).toMatch(/calls +1s +category: web/);
  expect(shown.stdout).toMatch(/staff +forever +that a rule of the audit policy names/);
  expect(shown.stdout).toMatch(/default +400d +all others/);
  expect(shown.stdout).toContain('The classes have changed: nothing is purged by itself before');
  const warned = await ask(`${service.url}/readyz`, { token: tokens.get('auditor') ?? '' });
  expect(warned.text).toContain('retention_changed');
  const doctor = await run('auditor', 'doctor', '--url', service.url);
  expect(doctor.stdout).toContain('the periods of retention have changed, and records are due');

  const ran = await run('privacy-officer', 'retention', 'run', '--json');
  expect(ran.status, ran.stderr).toBe(0);
  expect(JSON.parse(ran.stdout)).toMatchObject({ running: false, last: { purged: 10 } });
  expect(await due()).toMatch(/"due":0,.*"held":10/);
  const metrics = await ask(`${service.url}/metrics`, { token: tokens.get('auditor') ?? '' });
  expect(metrics.text).toContain('spanledger_retention_purged_total 10');
  expect(metrics.text).toContain('spanledger_ledger_minimum_index 0');
});

test('not everybody may, and not without a service', async () => {
  for (const name of ['show', 'plan', 'run']) {
    expect(await run('auditor', 'retention', name), name).toMatchObject({ status: 3, stdout: '' });
  }
  const nobody = await runHere(['retention', 'show', '--url', 'http://127.0.0.1:9']);
  expect(nobody.status).toBe(3);
  const json = await run('auditor', 'retention', 'plan', '--json');
  expect(JSON.parse(json.stderr)).toMatchObject({ error: { code: 'archive_refused' } });
});

test('a service that keeps everything says so', async () => {
  await using cleanup = new AsyncDisposableStack();
  const other = cleanup.adopt(await makeDataDirectory(), (directory) => directory.remove());
  const plain = cleanup.adopt(await startTestService(other.path), (one) => one.close());
  const shown = await runHere(['retention', 'show', '--url', plain.url]);
  expect(shown.status).toBe(2);
  expect(shown.stderr).toContain('no retention is configured');
});
