import { createHmac } from 'node:crypto';
import { request } from 'node:http';
import { join } from 'node:path';
import type { Service } from '@spanledger/audit-exporter';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeDataDirectory, readEntries, verifyDirectory, waitFor } from '../../support/exporter/service.ts';
import { findDocuments, postLogout, startSignalService } from '../../support/signals/signal-service.ts';
import { CLIENT, SigningProvider } from '../../support/signals/signing-provider.ts';

const stack = new AsyncDisposableStack();
let folder: string;
let provider: SigningProvider;
let other: SigningProvider;
let service: Service;

beforeAll(async () => {
  const data = await makeDataDirectory();
  stack.defer(() => data.remove());
  folder = data.path;
  provider = stack.use(await SigningProvider.start('RS256'));
  other = stack.use(await SigningProvider.start());
  service = await start();
  stack.defer(() => service.close());
});

afterAll(() => stack.disposeAsync());

function start(): Promise<Service> {
  return startSignalService(folder, [
    { issuer: provider.issuer, audience: [CLIENT] },
    { issuer: other.issuer, audience: [CLIENT], backchannel_logout: false },
  ]);
}

function countEnds(): Promise<number> {
  return readEntries(join(folder, 'data')).then(
    (entries) => entries.filter((entry) => JSON.stringify(entry).includes('"oidc.session.ended"')).length,
  );
}

function post(body: string, contentType: string): Promise<Response> {
  return fetch(`${service.url}/sessions/backchannel-logout`, {
    method: 'POST',
    headers: { 'content-type': contentType },
    body,
  });
}

test('a logout token is a record before it is acknowledged, and says how it was verified', async () => {
  const response = await postLogout(service.url, await provider.logoutToken({ claims: { jti: 'first' } }));
  expect(response.status).toBe(200);
  expect(await response.text()).toBe('');
  expect(response.headers.get('cache-control')).toBe('no-store');
  expect(response.headers.get('connection')).toBe('close');
  const [found] = await findDocuments(service.url, 'event.action:oidc.session.ended');
  expect(found).toMatchObject({
    audit: {
      action: 'LOGOUT',
      actor: { type: 'user' },
      session: { id: expect.any(String) },
      signal: {
        algorithm: 'RS256',
        delivery: 'backchannel',
        key_id: expect.any(String),
        keys_fetched_at: expect.any(String),
        keys_stale: false,
        type: 'http://schemas.openid.net/event/backchannel-logout',
      },
    },
    event: { reason: 'backchannel_logout', provider: provider.issuer, outcome: 'success' },
    oidc: {
      client_id: CLIENT,
      issuer: provider.issuer,
      session: { id: 'sid-of-frank' },
      token: { id: 'first' },
    },
    user: { id: 'frank' },
    network: { peer: { address: '127.0.0.1' } },
  });
});

test('a session that nobody is named for, and somebody without a session', async () => {
  expect(
    (await postLogout(service.url, await provider.logoutToken({ claims: { sub: undefined, sid: 'only' } })))
      .status,
  ).toBe(200);
  expect(
    (await postLogout(service.url, await provider.logoutToken({ claims: { sid: undefined, sub: 'grace' } })))
      .status,
  ).toBe(200);
  const [session] = await findDocuments(service.url, 'oidc.session.id:only');
  expect(session?.audit.actor.type).toBe('service');
  const [person] = await findDocuments(service.url, 'user.id:grace');
  expect(person?.audit.session).toBeUndefined();
});

describe('is answered with 400 and recorded as refused', () => {
  test.each([
    ['a token of an unknown issuer', { claims: { iss: 'https://nobody.example' } }, 'issuer_unknown'],
    ['a token for another client', { claims: { aud: 'bank' } }, 'audience_wrong'],
    ['an ID token', { header: { typ: 'JWT' }, claims: { nonce: 'n' } }, 'type_wrong'],
    ['a token with a nonce', { claims: { nonce: 'n' } }, 'nonce_present'],
    ['an old token', { claims: { iat: 1_700_000_000, exp: 1_700_000_120 } }, 'issued_at_wrong'],
    ['a token of an unknown key', { header: { kid: 'made up' } }, 'key_unknown'],
  ])('%s', async (_name, changes, reason) => {
    const response = await postLogout(service.url, await provider.logoutToken(changes));
    expect(response.status).toBe(400);
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(await response.json()).toEqual({
      error: 'invalid_request',
      error_description: expect.any(String),
    });
    const [found] = await findDocuments(
      service.url,
      `event.action:signal.refused and event.reason:${reason}`,
    );
    expect(found).toMatchObject({
      audit: { outcome: 'failure', signal: { delivery: 'backchannel' } },
      client: { address: '127.0.0.1' },
    });
  });

  test('an unsigned token', async () => {
    const [, payload] = (await provider.logoutToken()).split('.');
    const header = Buffer.from('{"alg":"none","typ":"logout+jwt"}').toString('base64url');
    expect((await postLogout(service.url, `${header}.${payload}.`)).status).toBe(400);
    await findDocuments(service.url, 'event.reason:algorithm_refused');
  });

  test('a token that is signed with the public key as a secret', async () => {
    const keys = await (await fetch(`${provider.issuer}/keys`)).text();
    const [, payload] = (await provider.logoutToken()).split('.');
    const header = Buffer.from('{"alg":"HS256","typ":"logout+jwt"}').toString('base64url');
    const signature = createHmac('sha256', keys).update(`${header}.${payload}`).digest('base64url');
    expect((await postLogout(service.url, `${header}.${payload}.${signature}`)).status).toBe(400);
  });

  test('a token of another provider, in the name of the first', async () => {
    const forged = await other.logoutToken({ claims: { iss: provider.issuer } });
    expect((await postLogout(service.url, forged)).status).toBe(400);
  });

  test('a token of a provider whose logout tokens are not wanted', async () => {
    expect((await postLogout(service.url, await other.logoutToken())).status).toBe(400);
    await findDocuments(service.url, 'event.reason:delivery_refused');
  });

  test.each([
    ['nothing', '', 'application/x-www-form-urlencoded'],
    ['an empty token', 'logout_token=', 'application/x-www-form-urlencoded'],
    ['two tokens', 'logout_token=a&logout_token=b', 'application/x-www-form-urlencoded'],
    ['another field', 'token=a', 'application/x-www-form-urlencoded'],
    ['JSON', '{"logout_token":"a"}', 'application/json'],
    ['text', 'a.b.c', 'text/plain'],
  ])('%s', async (_name, body, contentType) => {
    const response = await post(body, contentType);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: 'invalid_request' });
  });

  test('a body that is too large, without reading it', async () => {
    const response = await post(`logout_token=${'a'.repeat(64 * 1024)}`, 'application/x-www-form-urlencoded');
    expect(response.status).toBe(413);
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(await response.json()).toMatchObject({ error: 'invalid_request' });
  });

  test('nothing of a token is in the record of its refusal', async () => {
    const secret = 'never-to-be-kept';
    await postLogout(
      service.url,
      await provider.logoutToken({ claims: { nonce: secret, sub: secret, jti: secret } }),
    );
    await waitFor(
      'the record',
      async () => (await findDocuments(service.url, 'event.reason:nonce_present')).length > 0,
    );
    expect(JSON.stringify(await findDocuments(service.url, 'event.action:signal.refused'))).not.toContain(
      secret,
    );
  });
});

test('a GET is not there', async () => {
  expect((await fetch(`${service.url}/sessions/backchannel-logout`)).status).toBe(405);
});

test('whatever comes as a body, the answer is 400 and nothing is recorded as an end', async () => {
  const before = await countEnds();
  const good = await provider.logoutToken();
  const bodies = fc.oneof(
    fc.string(),
    fc.string({ unit: 'binary' }).map((text) => `logout_token=${encodeURIComponent(text)}`),
    fc
      .tuple(fc.nat(good.length - 1), fc.constantFrom('A', 'z', '0', '-', '_', '.', '=', '&', '%'))
      .filter(([at, char]) => good[at] !== char && at < good.lastIndexOf('.'))
      .map(([at, char]) => `logout_token=${good.slice(0, at)}${char}${good.slice(at + 1)}`),
    fc.nat(good.length - 1).map((at) => `logout_token=${good.slice(0, at)}`),
    fc.json().map((text) => `logout_token=e30.${Buffer.from(text).toString('base64url')}.e30`),
  );
  await fc.assert(
    fc.asyncProperty(bodies, async (body) => {
      const response = await post(body, 'application/x-www-form-urlencoded');
      await response.arrayBuffer();
      expect(response.status).toBe(400);
    }),
    { numRuns: 200 },
  );
  expect(await countEnds()).toBe(before);
});

test('the same token is not taken twice, not even by another process after a restart', async () => {
  const token = await provider.logoutToken();
  const before = await countEnds();
  const both = await Promise.all([postLogout(service.url, token), postLogout(service.url, token)]);
  expect(both.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 400]);
  expect((await postLogout(service.url, token)).status).toBe(400);
  await service.close();
  service = await start();
  expect((await postLogout(service.url, token)).status).toBe(400);
  // Two of them may have been counted together when the service stopped.
  await waitFor('three refusals', async () => {
    const refused = await findDocuments(service.url, 'event.reason:replayed');
    return refused.reduce((sum, { audit }) => sum + Number(audit.signal['count']), 0) === 3;
  });
  expect(await countEnds()).toBe(before + 1);
});

describe('keys', () => {
  test('of a provider that is down are those of the last start, and their age is recorded', async () => {
    provider.goDown();
    await service.close();
    service = await start();
    const token = await provider.logoutToken({ claims: { sub: 'heidi' } });
    expect((await postLogout(service.url, token)).status).toBe(200);
    const [found] = await findDocuments(service.url, 'user.id:heidi');
    const fetched = String(found?.audit.signal['keys_fetched_at']);
    expect(Date.parse(fetched)).toBeLessThan(Date.now());
    const metrics = await (await fetch(`${service.url}/metrics`)).text();
    expect(metrics).toContain(`spanledger_provider_keys_usable{issuer="${provider.issuer}"} 1`);
    expect(metrics).toContain(`spanledger_signals_total{issuer="${provider.issuer}"} 1`);
    const status: { providers: Record<string, object> } = JSON.parse(
      await (await fetch(`${service.url}/api/status`)).text(),
    );
    expect(status.providers[provider.issuer]).toMatchObject({
      keys: { count: 1, usable: true, failure: expect.any(String) },
      received: 1,
    });
  });

  test('that nobody has cannot be verified with: it may be sent again', async () => {
    await provider.rotate();
    const response = await postLogout(service.url, await provider.logoutToken());
    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).toBe('1');
    provider.comeBack();
  });
});

test('who sends half a request holds nobody up', async () => {
  const { hostname, port } = new URL(service.url);
  const half = request({ hostname, port, method: 'POST', path: '/sessions/backchannel-logout' });
  half.on('error', () => undefined);
  half.setHeader('content-length', '100');
  half.write('logout_token=');
  expect((await post('x', 'text/plain')).status).toBe(400);
  half.destroy();
});

test('everything that was recorded verifies', async () => {
  await service.close();
  expect(await verifyDirectory(join(folder, 'data'))).toMatchObject({ ok: true });
  service = await start();
});
