import { fileURLToPath } from 'node:url';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '@spanledger/audit-exporter';
import { expect, onTestFinished, test } from 'vitest';
import { goProgram } from '../../support/go/go-program.ts';
import { runProgram } from '../../support/go/run-program.ts';
import { issueCertificate, makeAuthority } from '../../support/tls/certificates.ts';

const MODULE = fileURLToPath(new URL('go/', import.meta.url));
const COMPOSE = fileURLToPath(new URL('../../../compose.yaml', import.meta.url));
/** The variables that docs/deployment.md has people set. */
const VARIABLES = [
  'COLLECTOR_ELASTICSEARCH_API_KEY',
  'ELASTIC_PASSWORD',
  'KIBANA_SERVICE_TOKEN',
  'KIBANA_ENCRYPTION_KEY',
  'KEYCLOAK_ADMIN_PASSWORD',
];
/** Whose root file systems are written to, as compose.yaml says why. */
const WRITABLE = new Set(['elasticsearch', 'keycloak']);

for (const variable of VARIABLES) process.env[variable] = 'of a test';

test('the compose file is one, and its services may do no more than they have to', async () => {
  const { status, stdout, stderr } = await load(COMPOSE);
  expect(stderr).toBe('');
  expect(status).toBe(0);
  const { services, secrets, configs } = JSON.parse(stdout);
  expect(Object.keys(services).sort()).toEqual([
    'collector',
    'elasticsearch',
    'exporter',
    'keycloak',
    'kibana',
  ]);
  for (const [name, service] of Object.entries<Record<string, unknown>>(services)) {
    expect(service['read_only'] ?? false, name).toBe(!WRITABLE.has(name));
    expect(service['cap_drop'], name).toEqual(['ALL']);
    expect(service['security_opt'], name).toEqual(['no-new-privileges:true']);
    expect(service['privileged'], name).toBeUndefined();
    expect(String(service['image']), name).toMatch(/:(local|\d+\.\d+\.\d+)$/);
    for (const port of JSON.parse(JSON.stringify(service['ports'])))
      expect(port.host_ip, name).toBe('127.0.0.1');
    if (name !== 'collector') expect(service['healthcheck'], name).toBeDefined();
  }
  for (const { file } of Object.values<{ file: string }>(secrets)) expect(file).toContain('/deploy/secrets/');
  for (const { file } of Object.values<{ file: string }>(configs)) await readFile(file);
});

test.each([
  ['a key that no service has', 'cap_drop: [ALL]', 'cap_drops: [ALL]'],
  ['a value of another kind', 'mem_limit: 768m', 'mem_limit: [768]'],
  [
    'a secret that is not defined',
    'secrets: [ca.crt, collector-token]',
    'secrets: [ca.crt, collectors-token]',
  ],
  ['a variable that is not set', 'COLLECTOR_ELASTICSEARCH_API_KEY:?', 'NOT_SET_ANYWHERE:?'],
])('the loader tells %s', async (_what, good, bad) => {
  const directory = await mkdtemp(join(tmpdir(), 'spanledger-compose-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  const text = await readFile(COMPOSE, 'utf8');
  expect(text).toContain(good);
  await writeFile(join(directory, 'compose.yaml'), text.replace(good, bad));
  expect((await load(join(directory, 'compose.yaml'))).status).not.toBe(0);
});

async function load(file: string): Promise<Awaited<ReturnType<typeof runProgram>>> {
  return runProgram(await goProgram('compose', MODULE), [file]);
}

test('the exporter understands the configuration that is mounted', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'spanledger-compose-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  const authority = await makeAuthority(directory);
  await issueCertificate(directory, authority, 'exporter');
  await writeFile(join(directory, 'elasticsearch-api-key'), 'a2V5OnNlY3JldA==\n', { mode: 0o600 });
  const text = await readFile(
    fileURLToPath(new URL('../../../deploy/spanledger.yaml', import.meta.url)),
    'utf8',
  );
  const file = join(directory, 'spanledger.yaml');
  await writeFile(file, text.replaceAll('/run/secrets', directory));
  const config = loadConfig({ env: {}, directory, file });
  expect(config).toMatchObject({ host: '0.0.0.0', port: 4319, dataDirectory: '/var/lib/spanledger' });
  expect(config.tls).toBeDefined();
  expect(config.access.required).toBe(true);
});
