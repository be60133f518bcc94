import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readKeySet } from '../../../../packages/exporter/src/signals/key-document.ts';
import { COOLDOWN_MS, ProviderKeys } from '../../../../packages/exporter/src/signals/provider-keys.ts';
import { waitFor } from '../../../support/exporter/service.ts';
import { SigningProvider } from '../../../support/signals/signing-provider.ts';

const MINUTE_MS = 60_000;
const quiet = { info: () => undefined, warn: () => undefined };
let provider: SigningProvider;
let folder: string;
let nowMs: number;
let opened: ProviderKeys[];

beforeEach(async () => {
  provider = await SigningProvider.start();
  folder = await mkdtemp(join(tmpdir(), 'spanledger-keys-'));
  nowMs = Date.now();
  opened = [];
});

afterEach(async () => {
  for (const keys of opened) await keys.stop();
  await provider[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

async function open(changes: { issuer?: string; jwksUri?: string } = {}): Promise<ProviderKeys> {
  const keys = new ProviderKeys({
    provider: {
      issuer: provider.issuer,
      jwksUri: undefined,
      insecure: false,
      keys: { refreshMs: 10 * MINUTE_MS, staleMs: 60 * MINUTE_MS, maxAgeMs: 600 * MINUTE_MS },
      ...changes,
    },
    file: join(folder, 'keys.json'),
    log: quiet,
    now: () => nowMs,
  });
  opened.push(keys);
  await keys.start();
  await waitFor('an attempt', () => keys.status().fetchedMs === nowMs || keys.status().failure !== undefined);
  return keys;
}

test.each(['ES256', 'RS256', 'PS256', 'EdDSA'])('verifies %s', async (alg) => {
  await using other = await SigningProvider.start(alg);
  const keys = await open({ issuer: other.issuer });
  expect(await keys.verify(await other.logoutToken())).toMatchObject({
    ok: true,
    keys: { fetchedMs: nowMs, isStale: false },
  });
});

test('what somebody else signed under the name of a key is refused', async () => {
  await using other = await SigningProvider.start();
  const keys = await open();
  const { kid } = JSON.parse(
    Buffer.from((await provider.logoutToken()).split('.')[0] ?? '', 'base64url').toString(),
  );
  expect(await keys.verify(await other.logoutToken({ header: { kid } }))).toEqual({
    ok: false,
    code: 'signature_wrong',
  });
});

test('a changed payload is refused', async () => {
  const keys = await open();
  const [header, payload = '', signature] = (await provider.logoutToken()).split('.');
  const changed = Buffer.from(
    Buffer.from(payload, 'base64url').toString().replace('frank', 'grace'),
  ).toString('base64url');
  expect(await keys.verify([header, changed, signature].join('.'))).toEqual({
    ok: false,
    code: 'signature_wrong',
  });
});

test('without kid each key is tried', async () => {
  await provider.rotate();
  const keys = await open();
  expect(await keys.verify(await provider.logoutToken({ header: { kid: undefined } }))).toMatchObject({
    ok: true,
  });
  await using other = await SigningProvider.start();
  expect(await keys.verify(await other.logoutToken({ header: { kid: undefined } }))).toEqual({
    ok: false,
    code: 'signature_wrong',
  });
});

describe('rotation', () => {
  test('a new key is fetched when a token names it, and the old one still counts while it is published', async () => {
    const keys = await open();
    const old = await provider.logoutToken();
    await provider.rotate();
    nowMs += COOLDOWN_MS;
    expect(await keys.verify(await provider.logoutToken())).toMatchObject({ ok: true });
    expect(await keys.verify(old)).toMatchObject({ ok: true });
  });

  test('a key that is no longer published counts no more', async () => {
    const keys = await open();
    const old = await provider.logoutToken();
    await provider.rotate(false);
    nowMs += COOLDOWN_MS;
    await keys.verify(await provider.logoutToken());
    expect(await keys.verify(old)).toEqual({ ok: false, code: 'key_unknown' });
  });

  test('keys are not fetched for each token that names an unknown one', async () => {
    const keys = await open();
    await using other = await SigningProvider.start();
    nowMs += COOLDOWN_MS;
    const asked = provider.keyRequests;
    const verdicts = await Promise.all(
      Array.from({ length: 20 }, async () => keys.verify(await other.logoutToken())),
    );
    expect(new Set(verdicts.map((verdict) => !verdict.ok && verdict.code))).toEqual(new Set(['key_unknown']));
    await keys.verify(await other.logoutToken());
    expect(provider.keyRequests - asked).toBe(1);
  });
});

describe('a provider that is down', () => {
  test('is verified by the keys of the last start, which are called stale after a while', async () => {
    await (await open()).stop();
    provider.goDown();
    nowMs += 61 * MINUTE_MS;
    const keys = await open();
    expect(await keys.verify(await provider.logoutToken())).toMatchObject({
      ok: true,
      keys: { fetchedMs: nowMs - 61 * MINUTE_MS, isStale: true },
    });
    expect(keys.status()).toMatchObject({ isStale: true, isUnusable: false, failure: expect.any(String) });
  });

  test('by none that are too old', async () => {
    await (await open()).stop();
    provider.goDown();
    nowMs += 601 * MINUTE_MS;
    const keys = await open();
    expect(await keys.verify(await provider.logoutToken())).toEqual({ ok: false, code: 'keys_unavailable' });
  });

  test('may have a new key: who sent the token may send it again', async () => {
    const keys = await open();
    await provider.rotate();
    const token = await provider.logoutToken();
    provider.goDown();
    nowMs += COOLDOWN_MS;
    expect(await keys.verify(token)).toEqual({ ok: false, code: 'keys_unavailable' });
    provider.comeBack();
    nowMs += COOLDOWN_MS;
    expect(await keys.verify(token)).toMatchObject({ ok: true });
    expect(keys.status().failure).toBeUndefined();
  });

  test('and was never up: nothing is believed', async () => {
    provider.goDown();
    const keys = await open();
    expect(await keys.verify(await provider.logoutToken())).toEqual({ ok: false, code: 'keys_unavailable' });
    expect(keys.status()).toMatchObject({ fetchedMs: undefined, count: 0, isStale: true, isUnusable: true });
  });
});

describe('what is stored', () => {
  test('of another issuer is not used', async () => {
    await (await open()).stop();
    provider.goDown();
    const keys = await open({ issuer: `${provider.issuer}/other` });
    expect(keys.status().fetchedMs).toBeUndefined();
  });

  test.each(['', '{', '{"version":1}', '[]'])('as %j is as good as nothing', async (text) => {
    await writeFile(join(folder, 'keys.json'), text);
    const keys = await open();
    expect(await keys.verify(await provider.logoutToken())).toMatchObject({ ok: true });
    await keys.stop();
    expect(JSON.parse(await readFile(join(folder, 'keys.json'), 'utf8'))).toMatchObject({
      issuer: provider.issuer,
    });
  });

  test('from the future is of now', async () => {
    await (await open()).stop();
    provider.goDown();
    nowMs -= 60 * MINUTE_MS;
    expect((await open()).status().fetchedMs).toBe(nowMs);
  });
});

describe('discovery', () => {
  test('a transmitter that is no provider is found by its own document', async () => {
    const issuer = provider.issuer.replace('/realms/shop', '/events');
    provider.routes.set('/.well-known/ssf-configuration/events', (_request, response) => {
      response.end(JSON.stringify({ issuer, jwks_uri: `${provider.issuer}/keys` }));
    });
    expect((await open({ issuer })).status()).toMatchObject({ count: 1, failure: undefined });
  });

  test.each([
    ['of somebody else', { issuer: 'https://other.example', jwks_uri: 'https://other.example/keys' }],
    ['without keys', { issuer: 'ISSUER' }],
    ['that is none', []],
    ['that names a file', { issuer: 'ISSUER', jwks_uri: 'file:///etc/passwd' }],
  ])('a document %s is not followed', async (_name, document) => {
    provider.routes.set('/realms/shop/.well-known/openid-configuration', (_request, response) => {
      response.end(JSON.stringify(document).replace('ISSUER', provider.issuer));
    });
    expect((await open()).status()).toMatchObject({
      count: 0,
      failure: expect.stringMatching(/discovery|clear/),
    });
  });

  test('no redirect is followed', async () => {
    provider.routes.set('/realms/shop/keys', (_request, response) => {
      response.writeHead(302, { location: '/elsewhere' }).end();
    });
    provider.routes.set('/elsewhere', (_request, response) => {
      response.end(JSON.stringify({ keys: [{ kty: 'RSA', n: 'AQAB', e: 'AQAB' }] }));
    });
    expect((await open()).status()).toMatchObject({ count: 0, failure: expect.any(String) });
  });

  test('an endless document is cut off', async () => {
    provider.routes.set('/realms/shop/keys', (_request, response) => {
      response.end(`{"keys":[${'{},'.repeat(400_000)}{}]}`);
    });
    expect((await open()).status()).toMatchObject({
      count: 0,
      failure: expect.stringContaining('longer than'),
    });
  });
});

test.each([
  ['nothing', undefined],
  ['no keys', { keys: [] }],
  ['secrets only', { keys: [{ kty: 'oct', k: 'c2VjcmV0' }] }],
  ['private keys only', { keys: [{ kty: 'EC', d: 'x' }] }],
  ['too many', { keys: Array.from({ length: 65 }, () => ({ kty: 'RSA' })) }],
])('%s is no key set', (_name, value) => {
  expect(readKeySet(value)).toBeUndefined();
});
