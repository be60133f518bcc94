import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import { join } from 'node:path';
import { jwtVerify, SignJWT, type JWTPayload } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  AUTO_INSTRUMENTATIONS,
  FixtureProcess,
  REGISTER,
} from '../../support/instrumentation/fixture-process.ts';
import type { DecodedSpan } from '../../support/instrumentation/otlp-decoder.ts';
import { AUDIENCE, TestProvider } from '../../support/instrumentation/provider.ts';
import { TestReceiver } from '../../support/instrumentation/receiver.ts';
import { scratchDirectory } from '../../support/instrumentation/scratch.ts';
import { get } from './shop-world.ts';

const HEADER = 'spanledger-session';
const SERVER = 2;
const shop = generateKeyPairSync('ed25519');

interface World extends AsyncDisposable {
  provider: TestProvider;
  audit: TestReceiver;
  service: (
    env?: Record<string, string>,
    imports?: string[],
  ) => Promise<{ url: string; process: FixtureProcess }>;
  keyFile: string;
  issuersFile: string;
}

async function startWorld(): Promise<World> {
  const stack = new AsyncDisposableStack();
  const provider = stack.use(await new TestProvider().listen());
  const audit = stack.use(await new TestReceiver().listen());
  const telemetry = stack.use(await new TestReceiver().listen());
  const { path } = stack.use(await scratchDirectory());
  const [keyFile, issuersFile] = [join(path, 'key.pem'), join(path, 'issuers.json')];
  await writeFile(keyFile, shop.privateKey.export({ type: 'pkcs8', format: 'pem' }));
  await writeFile(
    issuersFile,
    JSON.stringify({ shop: { keys: [shop.publicKey.export({ format: 'jwk' })] } }),
  );
  let services = 0;
  return {
    provider,
    audit,
    keyFile,
    issuersFile,
    async service(env = {}, imports = [REGISTER, AUTO_INSTRUMENTATIONS]) {
      const process = stack.use(
        new FixtureProcess('calls.mjs', {
          imports,
          env: {
            ISSUER: provider.issuer,
            AUDIENCE,
            SPANLEDGER_ENDPOINT: audit.url,
            SPANLEDGER_SPOOL_DIR: join(path, `spool-${++services}`),
            OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: telemetry.url,
            ...env,
          },
        }),
      );
      return { url: await process.url(), process };
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

/** A host that only listens. */
async function listener(): Promise<
  AsyncDisposable & { url: string; port: number; seen: IncomingHttpHeaders[] }
> {
  const seen: IncomingHttpHeaders[] = [];
  const server = createServer((request, response) => {
    seen.push(request.headers);
    response.end('{}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    seen,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function callOf(service: string, by: string, to: string): string {
  return `${service}/call?by=${by}&to=${encodeURIComponent(to)}`;
}

/** The spans of the request whose query holds `id`, its root first; once all are there. */
async function requestOf(audit: TestReceiver, id: string): Promise<DecodedSpan[]> {
  const isIt = ({ kind, attributes }: DecodedSpan): boolean =>
    kind === SERVER && String(attributes['url.query']).split('&').includes(`id=${id}`);
  const spans = await audit.waitFor((all) => all.some(isIt), `the request ${id}`, 8_000);
  const root = spans.find(isIt);
  if (root === undefined) throw new Error('no request');
  return [root, ...spans.filter(({ parentSpanId }) => parentSpanId === root.spanId)];
}

let world: World;
let sender: Awaited<ReturnType<World['service']>>;
let receiver: Awaited<ReturnType<World['service']>>;
let token: string;

beforeAll(async () => {
  world = await startWorld();
  sender = await world.service({
    OTEL_SERVICE_NAME: 'shop',
    SPANLEDGER_PROPAGATE_TO: '127.0.0.1',
    SPANLEDGER_PROPAGATION_KEY: world.keyFile,
    OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_CLIENT_REQUEST: HEADER,
  });
  receiver = await world.service({
    OTEL_SERVICE_NAME: 'orders',
    SPANLEDGER_PROPAGATION_ISSUERS: world.issuersFile,
    OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_SERVER_REQUEST: HEADER,
  });
  token = await world.provider.accessToken({
    sub: 'alice',
    sid: 'session-1',
    acr: 'high',
    auth_time: 1_700_000_000,
  });
});
afterAll(() => world[Symbol.asyncDispose]());

const SHORT = { 'session.id': 'session-1', 'user.id': 'alice', 'oidc.client_id': 'shop' };

describe.each([
  ['before', [REGISTER, AUTO_INSTRUMENTATIONS]],
  ['after', [AUTO_INSTRUMENTATIONS, REGISTER]],
])('a receiver that is registered %s OpenTelemetry', (order, imports) => {
  test.each(['fetch', 'http'])('carries the session of the caller (by %s)', async (by) => {
    const other = await world.service({ SPANLEDGER_PROPAGATION_ISSUERS: world.issuersFile }, imports);
    const id = `carried-${order}-${by}`;
    const { body } = await get(callOf(sender.url, by, `${other.url}/?id=${id}`), token);
    const answered = JSON.parse(String(body['answered']));
    expect(answered.subject).toBeNull();
    // The application neither logs it nor hands it on.
    expect(answered.headers).not.toContain(HEADER);
    expect(JSON.stringify(answered.raw)).not.toContain('eyJ');
    const [root, ...children] = await requestOf(world.audit, id);
    expect(children.map(({ name }) => name)).toEqual(expect.arrayContaining(['before', 'work']));
    for (const { attributes, name } of [...children, ...(root ? [root] : [])]) {
      expect(attributes, name).toMatchObject({ ...SHORT, 'oidc.issuer': world.provider.issuer });
    }
    expect(root?.attributes).toMatchObject({
      'oidc.session.source': 'propagated',
      'oidc.acr': 'high',
      'oidc.auth_time': 1_700_000_000,
    });
    expect(root?.attributes).not.toHaveProperty('oidc.token.id');
    expect(children[0]?.attributes).not.toHaveProperty('oidc.session.source');
    // The next request of that connection is nobody's.
    await get(`${other.url}/?id=${id}-next`);
    for (const { attributes } of await requestOf(world.audit, `${id}-next`)) {
      expect(attributes).not.toHaveProperty('session.id');
    }
  });
});

test('a session that the receiver verifies itself takes precedence', async () => {
  const bob = await world.provider.accessToken({ sub: 'bob', sid: 'session-2' });
  await get(`${receiver.url}/?id=both`, bob, { [HEADER]: await signed() });
  for (const { attributes } of await requestOf(world.audit, 'both')) {
    expect(attributes).toMatchObject({ 'session.id': 'session-2', 'user.id': 'bob' });
    expect(attributes).not.toHaveProperty('oidc.session.source');
  }
});

test('without the keys of anybody, nothing is read', async () => {
  const other = await world.service();
  const { body } = await get(callOf(sender.url, 'http', `${other.url}/?id=keyless`), token);
  expect(JSON.parse(String(body['answered'])).headers).toContain(HEADER);
  for (const { attributes } of await requestOf(world.audit, 'keyless')) {
    expect(attributes).not.toHaveProperty('session.id');
  }
  expect(other.process.stderr).not.toMatch(/Spanledger/);
});

/** A header as the shop makes it for the receiver, or as somebody else does. */
async function signed(
  changes: {
    payload?: JWTPayload;
    header?: { alg?: string; kid?: string; typ?: string };
    key?: KeyObject | Uint8Array;
  } = {},
): Promise<string> {
  const now = Math.floor(Date.now() / 1_000);
  const payload = {
    iss: 'shop',
    aud: new URL(receiver.url).host,
    iat: now,
    exp: now + 60,
    jti: crypto.randomUUID(),
    sid: 'forged-session',
    sub: 'mallory',
    sub_kind: 'full',
    oidc_iss: 'https://idp.example',
    ...changes.payload,
  };
  const kid = Buffer.from(
    await crypto.subtle.digest(
      'SHA-256',
      Buffer.from(`{"crv":"Ed25519","kty":"OKP","x":"${shop.publicKey.export({ format: 'jwk' }).x}"}`),
    ),
  ).toString('base64url');
  return new SignJWT(payload)
    .setProtectedHeader({ alg: 'EdDSA', typ: 'spanledger-session+jwt', kid, ...changes.header })
    .sign(changes.key ?? shop.privateKey);
}

const seconds = (): number => Math.floor(Date.now() / 1_000);

describe('what is not believed is ignored', () => {
  test.each<[string, () => Promise<string>]>([
    ['forged', () => signed({ key: generateKeyPairSync('ed25519').privateKey })],
    ['expired', () => signed({ payload: { iat: seconds() - 200, exp: seconds() - 140 } })],
    ['wrong-audience', () => signed({ payload: { aud: 'elsewhere.example' } })],
    ['unknown-issuer', () => signed({ payload: { iss: 'nobody' } })],
    [
      'alg-none',
      async () => {
        const [, body] = (await signed()).split('.');
        const head = Buffer.from('{"alg":"none","typ":"spanledger-session+jwt"}').toString('base64url');
        return `${head}.${body}.`;
      },
    ],
    [
      'alg-hs256',
      () =>
        signed({
          header: { alg: 'HS256' },
          key: Buffer.from(shop.publicKey.export({ type: 'spki', format: 'pem' })),
        }),
    ],
    ['oversized', () => signed({ payload: { sub: 'x'.repeat(5_000) } })],
    ['two-of-them', async () => `${await signed()}, ${await signed()}`],
    ['garbage', () => Promise.resolve('garbage')],
  ])('%s', async (id, make) => {
    const value = await make();
    const { status } = await get(`${receiver.url}/?id=${id}`, undefined, { [HEADER]: value });
    expect(status).toBe(200);
    for (const { attributes } of await requestOf(world.audit, id)) {
      expect(attributes).not.toHaveProperty('session.id');
      expect(attributes).not.toHaveProperty('user.id');
    }
    expect(receiver.process.stderr).not.toContain(value);
  });

  test('replayed', async () => {
    const value = await signed({ payload: { sid: 'session-3' } });
    for (const id of ['once', 'twice'])
      await get(`${receiver.url}/?id=${id}`, undefined, { [HEADER]: value });
    expect((await requestOf(world.audit, 'once'))[0]?.attributes['session.id']).toBe('session-3');
    expect((await requestOf(world.audit, 'twice'))[0]?.attributes).not.toHaveProperty('session.id');
  });

  test('and told once per cause, without the value', async () => {
    for (let round = 0; round < 3; round++) await get(receiver.url, undefined, { [HEADER]: 'garbage' });
    await expect.poll(() => receiver.process.stderr).toMatch(/PROPAGATION_REPLAYED/);
    expect(receiver.process.stderr.match(/SPANLEDGER_PROPAGATION_MALFORMED/g)).toHaveLength(1);
    expect(receiver.process.stderr).not.toMatch(/eyJ|mallory|garbage/);
  });
});

test('a receiver that is told its audience believes no Host header', async () => {
  const other = await world.service({
    SPANLEDGER_PROPAGATION_ISSUERS: world.issuersFile,
    SPANLEDGER_PROPAGATION_AUDIENCE: 'orders.example,orders:8080',
  });
  for (const [id, aud, expected] of [
    ['aud-own', 'orders:8080', 'forged-session'],
    ['aud-host', new URL(other.url).host, undefined],
  ] as const) {
    await get(`${other.url}/?id=${id}`, undefined, { [HEADER]: await signed({ payload: { aud } }) });
    expect((await requestOf(world.audit, id))[0]?.attributes['session.id']).toBe(expected);
  }
});

test.each([
  ['minimal', 'full', undefined],
  ['pseudonym', 'full', expect.stringMatching(/^[0-9a-f]{32}$/)],
  ['full', 'minimal', undefined],
  ['full', 'pseudonym', expect.stringMatching(/^[0-9a-f]{32}$/)],
])('a person is seen as sender (%s) and receiver (%s) both allow', async (from, to, userId) => {
  const [one, other] = await Promise.all([
    world.service({
      OTEL_SERVICE_NAME: 'shop',
      SPANLEDGER_IDENTITY: from,
      SPANLEDGER_PROPAGATE_TO: '127.0.0.1',
      SPANLEDGER_PROPAGATION_KEY: world.keyFile,
    }),
    world.service({ SPANLEDGER_IDENTITY: to, SPANLEDGER_PROPAGATION_ISSUERS: world.issuersFile }),
  ]);
  const id = `identity-${from}-${to}`;
  await get(callOf(one.url, 'fetch', `${other.url}/?id=${id}`), token);
  const [root] = await requestOf(world.audit, id);
  expect(root?.attributes['session.id']).toBe('session-1');
  expect(root?.attributes['user.id']).toEqual(userId);
});

describe('the header goes to listed hosts only', () => {
  test.each(['fetch', 'http'])('with %s', async (by) => {
    await using host = await listener();
    await get(callOf(sender.url, by, host.url), token);
    await get(callOf(sender.url, by, `http://localhost:${host.port}/`), token);
    await get(callOf(sender.url, by, host.url));
    expect(host.seen.map((headers) => HEADER in headers)).toEqual([true, false, false]);
    const header = String(host.seen[0]?.[HEADER]);
    const { payload } = await jwtVerify(header, shop.publicKey, {
      issuer: 'shop',
      audience: `127.0.0.1:${host.port}`,
      maxTokenAge: '60s',
      typ: 'spanledger-session+jwt',
    });
    expect(payload).toMatchObject({ sid: 'session-1', sub: 'alice', client_id: 'shop', acr: 'high' });
    // Captured by OpenTelemetry on request, and still not in any byte of ours.
    await world.audit.waitFor(
      (spans) => spans.some(({ attributes }) => String(attributes['url.full']).startsWith(host.url)),
      'the call',
    );
    expect(Buffer.concat(world.audit.seen.map(({ body }) => body)).includes(header)).toBe(false);
  });

  test.each(['virtual', 'absolute'])(
    'not where a listed address stands for another host (%s)',
    async (by) => {
      await using host = await listener();
      await get(callOf(sender.url, by, host.url), token);
      expect(host.seen).toHaveLength(1);
      expect(host.seen[0]).not.toHaveProperty(HEADER);
    },
  );

  test('not where Node has written the head already, which is told', async () => {
    await using host = await listener();
    await get(callOf(sender.url, 'expect', host.url), token);
    expect(host.seen[0]).not.toHaveProperty(HEADER);
    await expect.poll(() => sender.process.stderr).toMatch(/SPANLEDGER_PROPAGATION_HEAD_WRITTEN/);
  });

  test('a redirect takes it nowhere', async () => {
    await using host = await listener();
    for (const name of ['localhost', '127.0.0.1']) {
      const to = `http://${name}:${host.port}/`;
      await get(
        callOf(sender.url, 'fetch', `${receiver.url}/redirect?location=${encodeURIComponent(to)}`),
        token,
      );
    }
    expect(host.seen.map((headers) => HEADER in headers)).toEqual([false, true]);
    const [, body = ''] = String(host.seen[1]?.[HEADER]).split('.');
    expect(JSON.parse(Buffer.from(body, 'base64url').toString()).aud).toBe(`127.0.0.1:${host.port}`);
  });
});

test('files that are no keys switch it off, which is told without their path', async () => {
  const other = await world.service({
    SPANLEDGER_PROPAGATE_TO: '127.0.0.1',
    SPANLEDGER_PROPAGATION_KEY: world.issuersFile,
    SPANLEDGER_PROPAGATION_ISSUERS: world.keyFile,
  });
  await using host = await listener();
  const { status } = await get(callOf(other.url, 'fetch', host.url), token, { [HEADER]: await signed() });
  expect(status).toBe(200);
  expect(host.seen[0]).not.toHaveProperty(HEADER);
  expect(other.process.stderr).toMatch(/SPANLEDGER_PROPAGATION_KEY_UNREADABLE/);
  expect(other.process.stderr).toMatch(/SPANLEDGER_PROPAGATION_ISSUERS_UNREADABLE/);
  expect(other.process.stderr).not.toContain(world.keyFile);
});
