import { X509Certificate } from 'node:crypto';
import { copyFile, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { otlpReceiver } from '../../../packages/instrumentation/src/sender/receiver.ts';
import { readCredentials } from '../../../packages/instrumentation/src/sender/credentials.ts';
import { runCommand, startCommand, type RunningCommand } from '../../support/cli/process.ts';
import { ask } from '../../support/exporter/ask.ts';
import { Authority, type Issued } from '../../support/exporter/certificates.ts';
import { makeDataDirectory, waitFor } from '../../support/exporter/service.ts';
import { createSender, toProtobuf } from '../../support/exporter/spans.ts';

// The service as a process of its own, with TLS, client certificates and tokens, and everybody who uses it.

let scratch: Awaited<ReturnType<typeof makeDataDirectory>>;
let authority: Authority;
let second: Issued;
let service: RunningCommand;
let url: string;
let ca: string;
const path = (name: string): string => join(scratch.path, name);

beforeAll(async () => {
  scratch = await makeDataDirectory();
  authority = await Authority.make(scratch.path);
  ca = await authority.read();
  const first = await authority.issue('audit.example');
  second = await authority.issue('audit.example');
  await copyFile(first.certFile, path('tls.pem'));
  await copyFile(first.keyFile, path('tls.key'));
  await writeFile(
    path('spanledger.yaml'),
    [
      `data_directory: ${path('data')}`,
      'listen: { port: 0 }',
      `tls: { cert_file: ${path('tls.pem')}, key_file: ${path('tls.key')}, client_ca_file: ${authority.caFile}, client_certificate: optional }`,
      'access: { certificates: [{ name: shop.internal, role: sender, services: [shop] }] }',
    ].join('\n'),
  );
  // Before there is a data directory at all.
  const made = await runCommand([
    'tokens',
    'create',
    '--role',
    'sender',
    '--service',
    'shop',
    '--data',
    path('data'),
    '--out',
    path('sender.token'),
  ]);
  if (made.status !== 0) throw new Error(made.stderr);
  service = startCommand(['serve', '--config', path('spanledger.yaml'), '--json']);
  const [line = ''] = await service.printed(/^\{.*\}$/m);
  url = JSON.parse(line).url;
});

afterAll(async () => {
  service.signal('SIGTERM');
  await service.ended();
  await scratch.remove();
});

function cli(args: string[], env: NodeJS.ProcessEnv = {}): ReturnType<typeof runCommand> {
  return runCommand(args, { SPANLEDGER_URL: url, ...env });
}

test('the instrumentation’s sender comes with a token from a file, which may be replaced while it runs', async () => {
  const unreadable: string[] = [];
  const files = { token: undefined, tokenFile: path('live.token'), caFile: authority.caFile };
  const credentials = readCredentials(
    { ...files, clientCertFile: undefined, clientKeyFile: undefined },
    (variable) => {
      unreadable.push(variable);
    },
  );
  const receiver = otlpReceiver(`${url}/v1/traces`, credentials);
  const send = (): ReturnType<typeof receiver.send> =>
    receiver.send(toProtobuf([createSender('shop').span()]));
  expect(await send()).toMatchObject({ outcome: 'postponed', cause: 'HTTP 401' });
  expect(unreadable).toContain('SPANLEDGER_TOKEN_FILE');
  await copyFile(path('sender.token'), path('live.token'));
  expect(await send()).toEqual({ outcome: 'accepted' });
  const { id } = JSON.parse(
    (await runCommand(['tokens', 'list', '--json', '--data', path('data')])).stdout.split('\n')[0] ?? '',
  );
  const rotated = await runCommand([
    'tokens',
    'rotate',
    id,
    '--overlap',
    '0s',
    '--data',
    path('data'),
    '--out',
    path('next.token'),
    '--json',
  ]);
  expect(rotated.status).toBe(0);
  await waitFor('the end of the old token', async () => (await send()).outcome === 'postponed', 2_000);
  await rename(path('next.token'), path('live.token'));
  expect(await send()).toEqual({ outcome: 'accepted' });
});

test('or with a client certificate', async () => {
  const client = await authority.issue('x', 'DNS:shop.internal');
  const send = (service_: string): ReturnType<ReturnType<typeof otlpReceiver>['send']> =>
    otlpReceiver(`${url}/v1/traces`, { tls: { ca, cert: client.cert, key: client.key } }).send(
      toProtobuf([createSender(service_).span()]),
    );
  expect(await send('shop')).toEqual({ outcome: 'accepted' });
  expect(await send('stock')).toMatchObject({ outcome: 'postponed', cause: 'HTTP 403' });
});

test('the command line reads and verifies with a token and an authority, and says what it lacks', async () => {
  const token = ['--token-file', path('auditor.token')];
  const authorities = ['--ca-file', authority.caFile];
  const made = await runCommand([
    'tokens',
    'create',
    '--role',
    'auditor',
    '--data',
    path('data'),
    '--out',
    path('auditor.token'),
  ]);
  expect(made.status).toBe(0);
  expect((await stat(path('auditor.token'))).mode & 0o777).toBe(0o600);
  await waitFor(
    'the token',
    async () => (await cli(['search', ...token, ...authorities])).status === 0,
    5_000,
  );
  expect((await cli(['verify', ...token, ...authorities])).status).toBe(0);
  const file = (await readFile(path('auditor.token'), 'utf8')).trim();
  expect(
    (await cli(['search'], { SPANLEDGER_TOKEN: file, SPANLEDGER_CA_FILE: authority.caFile })).status,
  ).toBe(0);
  expect(
    (
      await cli(['search'], {
        SPANLEDGER_TOKEN_FILE: path('auditor.token'),
        SPANLEDGER_CA_FILE: authority.caFile,
      })
    ).status,
  ).toBe(0);
  const strange = await cli(['search', ...token]);
  expect(strange.status).toBe(3);
  expect(strange.stderr).toContain('--ca-file');
  const without = await cli(['search', ...authorities]);
  expect(without.status).toBe(3);
  expect(without.stderr).toContain('this takes a token');
  const nowhere = await cli(['search', '--token-file', path('no.token'), ...authorities]);
  expect(nowhere.stderr).toContain('no.token cannot be read');
});

test('SIGHUP has it take a new certificate', async () => {
  const { serialNumber } = new X509Certificate(second.cert);
  expect((await ask(`${url}/healthz`, { ca })).serial).not.toBe(serialNumber);
  await copyFile(second.keyFile, path('tls.key'));
  await copyFile(second.certFile, path('tls.pem'));
  service.signal('SIGHUP');
  await waitFor('it', async () => (await ask(`${url}/healthz`, { ca })).serial === serialNumber, 2_000);
});

test('tokens of a wrong wish are not made', async () => {
  const create = (...args: string[]): ReturnType<typeof runCommand> =>
    runCommand(['tokens', 'create', '--data', path('data'), ...args]);
  for (const args of [
    ['--role', 'sender'],
    ['--role', 'root'],
    [],
    ['--role', 'auditor', '--service', 'shop'],
    ['--role', 'auditor', '--expires', 'soon'],
  ]) {
    expect(await create(...args)).toMatchObject({ status: 2, stdout: '' });
  }
  const taken = await create('--role', 'auditor', '--out', path('auditor.token'));
  expect(taken.stderr).toContain('No token was made');
  expect((await runCommand(['tokens', 'revoke', '0000000000', '--data', path('data')])).status).toBe(1);
});

test('what is wrong with the files is told at once, and it does not start', async () => {
  const env = {
    SPANLEDGER_TLS_CERT_FILE: path('sender.token'),
    SPANLEDGER_TLS_KEY_FILE: path('nowhere.key'),
  };
  const { status, stderr } = await runCommand(['serve', '--data', path('other'), '--port', '0'], env);
  expect(status).toBe(2);
  expect(stderr).toMatch(/tls\.key_file: .* cannot be read/);
  expect(stderr).toMatch(/tls\.cert_file: .* holds no certificate/);
});
