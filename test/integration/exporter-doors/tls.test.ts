import { X509Certificate } from 'node:crypto';
import { copyFile, rename, rm, writeFile } from 'node:fs/promises';
import { Agent } from 'node:https';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { createToken, dataDirectory, type Service } from '@spanledger/audit-exporter';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { ask } from '../../support/exporter/ask.ts';
import { Authority, type Issued } from '../../support/exporter/certificates.ts';
import { makeDataDirectory, startTestService, waitFor } from '../../support/exporter/service.ts';
import { createSender, toProtobuf } from '../../support/exporter/spans.ts';

let scratch: Awaited<ReturnType<typeof makeDataDirectory>>;
let data: Awaited<ReturnType<typeof makeDataDirectory>>;
let authority: Authority;
let others: Authority;
let first: Issued;
let second: Issued;
let ca: string;
let service: Service | undefined;
/** Where the service looks. */
let certFile: string;
let keyFile: string;

beforeAll(async () => {
  scratch = await makeDataDirectory();
  authority = await Authority.make(scratch.path);
  others = await Authority.make(scratch.path, 'others');
  first = await authority.issue('audit.example');
  second = await authority.issue('audit.example');
  ca = await authority.read();
});

afterAll(() => scratch.remove());

beforeEach(async () => {
  data = await makeDataDirectory();
  certFile = join(data.path, 'tls.pem');
  keyFile = join(data.path, 'tls.key');
  await install(first);
});

afterEach(async () => {
  await service?.close();
  service = undefined;
  await data.remove();
});

/** Puts a certificate where the service looks: certificate and key one after the other, as most tools do. */
async function install(issued: Issued): Promise<void> {
  await copyFile(issued.keyFile, `${keyFile}.new`);
  await rename(`${keyFile}.new`, keyFile);
  await copyFile(issued.certFile, `${certFile}.new`);
  await rename(`${certFile}.new`, certFile);
}

async function start(env: NodeJS.ProcessEnv = {}): Promise<string> {
  service = await startTestService(data.path, {
    SPANLEDGER_TLS_CERT_FILE: certFile,
    SPANLEDGER_TLS_KEY_FILE: keyFile,
    ...env,
  });
  return service.url;
}

function serialOf({ cert }: Issued): string {
  return new X509Certificate(cert).serialNumber;
}

describe('TLS', () => {
  test('is spoken with the certificate, and nothing else is', async () => {
    const url = await start();
    expect(url).toMatch(/^https:/);
    const answer = await ask(`${url}/healthz`, { ca });
    expect(answer).toMatchObject({ status: 200, serial: serialOf(first) });
    await expect(ask(`${url}/healthz`)).rejects.toThrow(/verify|self-signed/);
    await expect(ask(`${url.replace('https:', 'http:')}/healthz`)).rejects.toThrow(/hang up|ECONNRESET/);
  });

  test.each([
    ['TLSv1.2', 'TLSv1.1', false],
    ['TLSv1.2', 'TLSv1.2', true],
    ['TLSv1.3', 'TLSv1.2', false],
    ['TLSv1.3', 'TLSv1.3', true],
  ] as const)('from %s on: %s is spoken: %s', async (minimum, version, isSpoken) => {
    const { hostname: host, port } = new URL(await start({ SPANLEDGER_TLS_MIN_VERSION: minimum }));
    const spoken = await new Promise<boolean>((resolve) => {
      const socket = connect(
        { host, port: Number(port), ca, minVersion: version, maxVersion: version },
        () => {
          socket.destroy();
          resolve(true);
        },
      );
      socket.once('error', () => {
        resolve(false);
      });
    });
    expect(spoken).toBe(isSpoken);
  });

  test('is enough, with tokens, to listen beyond this machine; then a token is required from the start', async () => {
    const url = new URL(await start({ SPANLEDGER_HOST: '0.0.0.0' }));
    url.hostname = '127.0.0.1';
    expect((await ask(`${url.href}healthz`, { ca })).status).toBe(200);
    expect((await ask(`${url.href}api/records`, { ca })).status).toBe(401);
    const { tokens } = dataDirectory(data.path);
    const { token } = await createToken(tokens, { role: 'auditor', services: [] }, Date.now());
    service?.reload();
    expect((await ask(`${url.href}api/records`, { ca, token })).status).toBe(200);
  });
});

describe('a new certificate', () => {
  test('is taken up within a second, under load, without a connection being dropped', async () => {
    const url = await start();
    const sender = createSender('shop');
    const agents = Array.from({ length: 4 }, () => new Agent({ keepAlive: true, maxSockets: 1, ca }));
    const statuses = new Set<number>();
    const stop = new AbortController();
    let sent = 0;
    const load = agents.map(async (agent) => {
      const ports = new Set<number | undefined>();
      while (!stop.signal.aborted) {
        const answer = await ask(`${url}/v1/traces`, { agent, body: toProtobuf([sender.span()]) });
        statuses.add(answer.status);
        ports.add(answer.localPort);
        sent++;
      }
      agent.destroy();
      return ports;
    });
    await waitFor('some load', () => sent > 50);
    await install(second);
    await waitFor(
      'the new certificate',
      async () => (await ask(`${url}/healthz`, { ca })).serial === serialOf(second),
      1_500,
    );
    const before = sent;
    await waitFor('more load', () => sent > before + 50);
    stop.abort();
    const ports = await Promise.all(load);
    expect([...statuses]).toEqual([200]);
    // Each of them kept its one connection.
    expect(ports.map(({ size }) => size)).toEqual([1, 1, 1, 1]);
    expect(service?.sizes().durable).toBeGreaterThanOrEqual(sent);
  });

  test.each([
    [
      'that is cut',
      async () => writeFile(certFile, first.cert.slice(0, 200)),
      /cert_file.*holds no certificate/,
    ],
    ['without its key', async () => writeFile(certFile, second.cert), /is not the key of the certificate/],
    ['that is not there', async () => rm(certFile), /cert_file.*cannot be read/],
  ])('%s is not taken up: the old one stays, and readiness says so', async (_what, change, problem) => {
    const url = await start();
    await change();
    await waitFor('the warning', async () => problem.test((await ask(`${url}/readyz`, { ca })).text));
    const answer = await ask(`${url}/healthz`, { ca });
    expect(answer).toMatchObject({ status: 200, serial: serialOf(first) });
    await install(second);
    await waitFor(
      'the new certificate',
      async () => (await ask(`${url}/healthz`, { ca })).serial === serialOf(second),
    );
    expect((await ask(`${url}/readyz`, { ca })).text).toBe('{"status":"ready"}');
  });
});

test('a certificate that has expired, or soon will, is told and used', async () => {
  await install(await authority.issue('audit.example', 'IP:127.0.0.1', 3));
  const url = await start();
  expect((await ask(`${url}/readyz`, { ca })).text).toContain('certificate_expires');
  expect((await ask(`${url}/metrics`, { ca })).text).toMatch(/certificate_expiry_timestamp_seconds \d{10}\n/);
});

describe('a client certificate', () => {
  let clientCa: string;

  beforeAll(() => {
    clientCa = others.caFile;
  });

  async function grant(mode: 'required' | 'optional'): Promise<string> {
    await writeFile(
      join(data.path, 'spanledger.yaml'),
      [
        'access:',
        '  certificates:',
        '    - { name: shop.internal, role: sender, services: [shop] }',
        '    - { name: "spiffe://example/auditor", role: auditor }',
        '    - { name: plain-auditor, role: auditor }',
      ].join('\n'),
    );
    return start({ SPANLEDGER_TLS_CLIENT_CA_FILE: clientCa, SPANLEDGER_TLS_CLIENT_CERTIFICATE: mode });
  }

  async function send(url: string, client: Issued | undefined, service_: string): Promise<number> {
    const { status } = await ask(`${url}/v1/traces`, {
      body: toProtobuf([createSender(service_).span()]),
      ca,
      ...(client !== undefined && { cert: client.cert, key: client.key }),
    });
    return status;
  }

  test.each(['required', 'optional'] as const)('%s, it says who sends, and what for', async (mode) => {
    const url = await grant(mode);
    const shop = await others.issue('x', 'DNS:shop.internal');
    expect(await send(url, shop, 'shop')).toBe(200);
    expect(await send(url, shop, 'orders')).toBe(403);
    const { cert, key } = await others.issue('x', 'URI:spiffe://example/auditor');
    expect((await ask(`${url}/api/records`, { ca, cert, key })).status).toBe(200);
    const plain = await others.issue('plain-auditor', '');
    expect((await ask(`${url}/api/records`, { ca, cert: plain.cert, key: plain.key })).status).toBe(200);
  });

  test('whose common name alone would fit, beside other names, is nobody’s', async () => {
    const url = await grant('required');
    const { cert, key } = await others.issue('plain-auditor', 'DNS:elsewhere');
    expect((await ask(`${url}/api/records`, { ca, cert, key })).status).toBe(401);
  });

  test('required: without one, or with one of another authority, there is no connection', async () => {
    const url = await grant('required');
    const foreign = await authority.issue('x', 'DNS:shop.internal');
    await expect(ask(`${url}/healthz`, { ca })).rejects.toThrow();
    await expect(send(url, foreign, 'shop')).rejects.toThrow();
    const expired = await others.issue('x', 'DNS:shop.internal', -1);
    await expect(send(url, expired, 'shop')).rejects.toThrow();
    await waitFor('the records', () => service?.sizes().durable === 3);
  });

  test('optional: without one, a token does; one of another authority is refused', async () => {
    const url = await grant('optional');
    const foreign = await authority.issue('x', 'DNS:shop.internal');
    expect((await ask(`${url}/healthz`, { ca })).status).toBe(200);
    expect(await send(url, undefined, 'shop')).toBe(401);
    expect(await send(url, foreign, 'shop')).toBe(401);
    const { tokens } = dataDirectory(data.path);
    const { token } = await createToken(tokens, { role: 'auditor', services: [] }, Date.now());
    service?.reload();
    expect((await ask(`${url}/api/records`, { ca, token })).status).toBe(200);
  });

  test('of an authority that is trusted no more ends with the next connection', async () => {
    const authorities = join(data.path, 'clients.pem');
    await copyFile(others.caFile, authorities);
    clientCa = authorities;
    const url = await grant('required');
    const shop = await others.issue('x', 'DNS:shop.internal');
    expect(await send(url, shop, 'shop')).toBe(200);
    await copyFile(authority.caFile, authorities);
    service?.reload();
    await expect(send(url, shop, 'shop')).rejects.toThrow();
  });
});
