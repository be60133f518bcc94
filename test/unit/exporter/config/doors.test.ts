import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { loadConfig } from '../../../../packages/exporter/src/config/index.ts';
import { ExporterError } from '../../../../packages/exporter/src/errors.ts';
import { Authority, type Issued } from '../../../support/exporter/certificates.ts';

let scratch: string;
let authority: Authority;
let issued: Issued;
let other: Issued;
let directory: string;

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'spanledger-tls-'));
  authority = await Authority.make(scratch);
  issued = await authority.issue('audit.example');
  other = await authority.issue('other.example');
  await writeFile(join(scratch, 'text'), 'no certificate');
  await writeFile(join(scratch, 'wrong-order.pem'), (await authority.read()) + issued.cert);
  await writeFile(
    join(scratch, 'broken.pem'),
    `-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n`,
  );
  await writeFile(
    join(scratch, 'locked.key'),
    '-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n',
  );
});

afterAll(() => rm(scratch, { recursive: true }));

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'spanledger-config-'));
});

afterEach(() => rm(directory, { recursive: true }));

async function problemsOf(text: string): Promise<string> {
  await writeFile(join(directory, 'spanledger.yaml'), text);
  try {
    loadConfig({ directory, env: {}, checkFiles: true });
  } catch (error) {
    if (error instanceof ExporterError && error.code === 'config_invalid') return error.message;
    throw error;
  }
  return '';
}

function tls(certFile: string, keyFile: string, more = ''): string {
  return `tls: { cert_file: ${certFile}, key_file: ${keyFile}${more} }`;
}

test('files that fit are taken, a chain too', async () => {
  expect(await problemsOf(tls(issued.certFile, issued.keyFile))).toBe('');
  const chain = join(scratch, 'chain.pem');
  await writeFile(chain, issued.cert + (await authority.read()));
  expect(await problemsOf(tls(chain, issued.keyFile, `, client_ca_file: ${authority.caFile}`))).toBe('');
});

test('a certificate that has expired is none that cannot be used', async () => {
  const expired = await authority.issue('audit.example', '', -1);
  expect(await problemsOf(tls(expired.certFile, expired.keyFile))).toBe('');
});

describe('everything that is wrong is told at once', () => {
  test('of files that are not there', async () => {
    const text = await problemsOf(tls('no.pem', 'no.key', ', client_ca_file: no-ca.pem'));
    for (const field of ['cert_file', 'key_file', 'client_ca_file']) {
      expect(text).toMatch(new RegExp(`tls\\.${field}: .* cannot be read`));
    }
  });

  test('with what else is wrong in the file', async () => {
    const text = await problemsOf(`${tls('no.pem', issued.keyFile)}\nlisten: { port: 70000 }`);
    expect(text).toMatch(/listen\.port/);
    expect(await problemsOf(`${tls('no.pem', issued.keyFile)}\nledger: { witness_quorum: 2 }`)).toMatch(
      /witness_quorum(?:.|\n)*cert_file/,
    );
  });

  test.each([
    ['no certificate', () => tls(join(scratch, 'text'), issued.keyFile), /cert_file: .*holds no certificate/],
    [
      'a broken certificate',
      () => tls(join(scratch, 'broken.pem'), issued.keyFile),
      /certificate 1 cannot be read/,
    ],
    ['no key', () => tls(issued.certFile, issued.certFile), /key_file: .*holds no private key/],
    [
      'another key',
      () => tls(issued.certFile, other.keyFile),
      /key_file: .*is not the key of the certificate/,
    ],
    ['a locked key', () => tls(issued.certFile, join(scratch, 'locked.key')), /protected by a passphrase/],
    ['the order', () => tls(join(scratch, 'wrong-order.pem'), issued.keyFile), /put the service’s own first/],
    [
      'no authority',
      () => tls(issued.certFile, issued.keyFile, `, client_ca_file: ${join(scratch, 'text')}`),
      /client_ca_file: .*holds no/,
    ],
    ['a directory', () => tls(scratch, issued.keyFile), /cert_file: .*cannot be read/],
  ])('%s', async (_what, text, problem) => {
    expect(await problemsOf(text())).toMatch(problem);
  });

  test.each([
    ['tls: { cert_file: a.pem }', /tls\.key_file: must name/],
    ['tls: {}', /tls\.cert_file: must name(?:.|\n)*tls\.key_file: must name/],
    ['tls: { cert_file: a, key_file: b, min_version: 1.2 }', /min_version: must be TLSv1\.2 or TLSv1\.3/],
    ['tls: { cert_file: a, key_file: b, client_certificate: optional }', /without tls\.client_ca_file/],
    ['access: { required: maybe }', /access\.required: must be true or false/],
    ['access: { certificates: [{ name: shop, role: auditor }] }', /without tls\.client_ca_file/],
    ['access: { certificates: [{ name: shop, role: sender }] }', /must name services if its role is sender/],
    ['access: { certificates: [{ name: shop, role: auditor, services: [a] }] }', /only then/],
    ['access: { certificates: [{ name: shop, role: root }] }', /must be one of sender, auditor/],
    ['access: { certificates: [{ name: a, role: auditor }, { name: a, role: auditor }] }', /different names/],
    ['access: { tokens: [] }', /access\.tokens: there is no such field/],
  ])('%s', async (text, problem) => {
    expect(await problemsOf(text)).toMatch(problem);
  });
});

describe('beyond this machine', () => {
  const beyond = 'listen: { host: 0.0.0.0 }\n';

  test('neither without TLS nor without tokens', async () => {
    expect(await problemsOf(beyond)).toMatch(
      /0\.0\.0\.0 is reachable from other machines, and there is no tls/,
    );
    const open = `${beyond}${tls(issued.certFile, issued.keyFile)}\naccess: { required: false }`;
    expect(await problemsOf(open)).toMatch(/access\.required is false/);
    expect(await problemsOf(`${open}\ninsecure: true`)).toBe('');
  });

  test('with TLS a token is required, whether there is one yet or not', async () => {
    expect(await problemsOf(`${beyond}${tls(issued.certFile, issued.keyFile)}`)).toBe('');
    expect(loadConfig({ directory, env: {} }).access.required).toBe(true);
  });
});

test('whoever is not the service need not be able to read its key', async () => {
  await writeFile(join(directory, 'spanledger.yaml'), tls('no.pem', 'no.key'));
  expect(loadConfig({ directory, env: {} }).tls).toMatchObject({ certFile: join(directory, 'no.pem') });
});
