import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createToken, dataDirectory, type Role } from '@spanledger/audit-exporter';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runCommand, startCommand, type RunningCommand } from '../../support/cli/process.ts';
import { ask } from '../../support/exporter/ask.ts';
import { makeDataDirectory, readAllFiles } from '../../support/exporter/service.ts';
import { createSender, sessionAttributes, toProtobuf } from '../../support/exporter/spans.ts';

// Two people erase a third: the service with tokens, as processes of their own.

const ISSUER = ['--issuer', 'https://id.example'];

let scratch: Awaited<ReturnType<typeof makeDataDirectory>>;
let service: RunningCommand;
let url: string;
const tokens = new Map<string, string>();
const path = (name: string): string => join(scratch.path, name);

beforeAll(async () => {
  scratch = await makeDataDirectory();
  const { tokens: directory } = dataDirectory(path('data'));
  const roles: Role[] = ['sender', 'auditor', 'privacy-officer', 'administrator'];
  for (const role of roles) {
    const services = role === 'sender' ? ['*'] : [];
    tokens.set(role, (await createToken(directory, { role, services }, Date.now())).token);
  }
  service = startCommand(['serve', '--data', path('data'), '--port', '0', '--json']);
  const [line = ''] = await service.printed(/^\{.*\}$/m);
  url = JSON.parse(line).url;
  const shop = createSender('shop');
  const spans = ['alice-4711', 'bob'].flatMap((who) =>
    Array.from({ length: 5 }, () =>
      shop.span({
        attributes: { ...sessionAttributes(who, `session of ${who}`), 'user.name': `The ${who}` },
      }),
    ),
  );
  const sent = await ask(`${url}/v1/traces`, { token: tokens.get('sender') ?? '', body: toProtobuf(spans) });
  if (sent.status !== 200) throw new Error(sent.text);
  const { stdout } = await runCommand(['search', 'user.id:bob', '--json'], as('auditor'));
  for (let left = 50; left > 0 && stdout === ''; left--) {
    if ((await runCommand(['search', 'user.id:bob', '--json'], as('auditor'))).stdout !== '') break;
  }
});

afterAll(async () => {
  service.signal('SIGTERM');
  await service.ended();
  await scratch.remove();
});

function as(role: string): NodeJS.ProcessEnv {
  return { SPANLEDGER_URL: url, SPANLEDGER_TOKEN: tokens.get(role) };
}

test('an export holds every record of one person, each with a proof that verifies, and nobody else’s', async () => {
  const file = path('alice.json');
  const args = ['subject', 'export', 'alice-4711', ...ISSUER, '--out', file];
  expect(await runCommand(args, as('auditor'))).toMatchObject({ status: 0 });
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  const text = await readFile(file, 'utf8');
  expect(text).not.toContain('bob');
  const { subject, sessions, records } = JSON.parse(text);
  expect(subject.names).toMatchObject({ 'user.id': ['alice-4711'], 'client.address': ['203.0.113.7'] });
  expect(sessions).toMatchObject([{ session_id: 'session of alice-4711' }]);
  expect(records.length).toBeGreaterThanOrEqual(5);
  await writeFile(path('record.json'), JSON.stringify(records[3].document));
  await writeFile(path('record.proof'), records[3].proof);
  const vkey = await readFile(path('data/ledger.vkey'), 'utf8');
  const verified = await runCommand([
    'verify',
    path('record.json'),
    '--proof',
    path('record.proof'),
    '--vkey',
    vkey.trim(),
  ]);
  expect(verified).toMatchObject({ status: 0 });
  const page = await runCommand(['subject', 'export', 'alice-4711', '--format', 'html'], as('auditor'));
  expect(page.stdout).toContain('The alice-4711');
  expect(page.stdout).not.toMatch(/bob|<script/);
});

test('a legal hold keeps a person from being erased, and says which it is', async () => {
  const held = await runCommand(
    ['hold', 'add', '--query', 'user.name:"The alice-4711"', '--reason', 'case 1', '--json'],
    as('privacy-officer'),
  );
  const { id } = JSON.parse(held.stdout);
  const refused = await runCommand(
    ['subject', 'erase', 'alice-4711', ...ISSUER, '--reason', 'request 1'],
    as('privacy-officer'),
  );
  expect(refused.status).toBe(1);
  expect(refused.stderr).toContain(`${id} (query)`);
  expect((await runCommand(['hold', 'list'], as('administrator'))).stdout).toContain('in force');
  const release = ['hold', 'release', id, '--reason', 'case 1 is closed'];
  expect(await runCommand(release, as('administrator'))).toMatchObject({ status: 0 });
  expect((await runCommand(['hold', 'list'], as('administrator'))).stdout).toContain('released');
});

test('it takes two: whoever asks cannot approve, nor may an auditor ask; then she is gone, and a certificate says so', async () => {
  const erase = ['subject', 'erase', 'alice-4711', ...ISSUER, '--reason', 'request 2', '--json'];
  expect(await runCommand(erase, as('auditor'))).toMatchObject({ status: 3 });
  const asked = await runCommand(erase, as('privacy-officer'));
  const { id, state } = JSON.parse(asked.stdout);
  expect(state).toBe('requested');
  const again = await runCommand(erase, as('administrator'));
  expect(again).toMatchObject({ status: 1 });
  const own = await runCommand(['subject', 'approve', id], as('privacy-officer'));
  expect(own.status).not.toBe(0);
  expect(own.stderr).toContain('whoever asked');
  const approved = await runCommand(['subject', 'approve', id], as('administrator'));
  expect(approved).toMatchObject({ status: 0 });
  expect(approved.stdout).toContain('CERTIFICATE OF ERASURE');
  expect(approved.stdout).toContain('c2sp.org/tlog-proof@v1');
  expect(approved.stdout).not.toContain('alice');
  // Nor does anything name her that others asked for before: readings, a hold, by its query.
  const found = await runCommand(['search', 'user.name:* and "alice"', '--json'], as('auditor'));
  expect(found.stdout).toBe('');
  const words = await runCommand(['search', '"alice"', '--json'], as('auditor'));
  // What is asked now is recorded, as all that is read.
  expect(words.stdout.match(/alice/g)?.length ?? 0).toBeLessThan(3);
  expect((await runCommand(['subject', 'erasures'], as('administrator'))).stdout).toContain('completed');
  for (const [file, bytes] of await readAllFiles(path('data'))) {
    expect(bytes.includes('alice-4711'), file).toBe(false);
  }
  const gone = await runCommand(['subject', 'export', 'alice-4711', ...ISSUER], as('auditor'));
  expect(gone).toMatchObject({ status: 1 });
});
