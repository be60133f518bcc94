import { expect, test } from 'vitest';
import type { DecodedEvent, DecodedSpan } from '../../support/instrumentation/otlp-decoder.ts';
import { CLIENT_ID } from '../../support/instrumentation/provider.ts';
import { get, startShop, type ShopWorld } from './shop-world.ts';

type Event = DecodedEvent & { span: DecodedSpan };

function events(spans: DecodedSpan[], name: string): Event[] {
  return spans.flatMap((span) =>
    span.events.filter((event) => event.name === name).map((event) => ({ ...event, span })),
  );
}

async function waitForEvent(world: ShopWorld, name: string): Promise<Event> {
  const spans = await world.audit.waitFor((all) => events(all, name).length > 0, name);
  const [event] = events(spans, name);
  if (event === undefined) throw new Error(name);
  return event;
}

async function logIn(
  world: ShopWorld,
  login: Parameters<ShopWorld['provider']['login']>[0],
): Promise<string> {
  const code = world.provider.login(login);
  const { status, body } = await get(
    `${world.url}/callback?code=${code}&state=state-value-that-must-not-leak`,
  );
  expect(status).toBe(200);
  return String(body['access_token']);
}

test('a login is requested, issued and started, and its request carries the session', async () => {
  await using world = await startShop();
  await get(`${world.url}/login`);
  await logIn(world, {
    sub: 'alice',
    idClaims: { sid: 'sid-1', auth_time: 1_700_000_000, acr: 'gold', amr: ['pwd'] },
  });

  const requested = await waitForEvent(world, 'oidc.authorization.requested');
  expect(requested.attributes).toEqual({
    'oidc.client_id': CLIENT_ID,
    'oidc.issuer': world.provider.issuer,
    'oidc.scope.requested': ['openid', 'orders', 'profile'],
    'oidc.flow': 'code',
  });

  const session = {
    'session.id': 'sid-1',
    'user.id': 'alice',
    'oidc.client_id': CLIENT_ID,
    'oidc.issuer': world.provider.issuer,
  };
  const issued = await waitForEvent(world, 'oidc.token.issued');
  expect(issued.attributes).toEqual({
    ...session,
    'oidc.session.state': 'active',
    'oidc.acr': 'gold',
    'oidc.amr': ['pwd'],
    'oidc.auth_time': 1_700_000_000,
    'oidc.scope': ['openid', 'orders'],
    'oidc.scope.requested': ['openid', 'orders', 'profile'],
    'oidc.grant_type': 'authorization_code',
    'oidc.flow': 'code',
    'oidc.token.type': 'access',
    'oidc.token.id': expect.stringMatching(/^[0-9a-f-]{36}$/),
    'oidc.token.issued_at': expect.any(Number),
    'oidc.token.expires_at': expect.any(Number),
  });
  const started = await waitForEvent(world, 'oidc.session.started');
  expect(started.attributes).toMatchObject({ ...session, 'oidc.acr': 'gold' });
  expect(started.span.attributes).toMatchObject({ ...session, 'url.path': '/callback' });
  expect(started.span.attributes['url.query']).toBe('code=REDACTED&state=REDACTED');
});

test.each<[string, { sid?: string; auth_time?: number }, Record<string, never>]>([
  ['the ID token has sid, the access token has not', { sid: 'sid-7' }, {}],
  ['neither token has sid', { auth_time: 1_700_000_000 }, {}],
  ['neither has anything', {}, {}],
])('one login has one session id: %s', async (_case, idClaims, accessClaims) => {
  await using world = await startShop();
  const token = await logIn(world, { sub: 'alice', idClaims, accessClaims });
  await get(`${world.url}/orders`, token);
  // Another token of the same login, which was not issued here.
  await get(`${world.url}/orders`, await world.provider.accessToken({ sub: 'alice' }));
  const spans = await world.audit.waitFor(
    (all) =>
      all.filter(({ kind, attributes }) => kind === 2 && attributes['url.path'] === '/orders').length === 2,
    'three requests',
  );
  const roots = spans.filter(({ kind }) => kind === 2);
  expect(roots).toHaveLength(3);
  const ids = new Set(roots.map(({ attributes }) => attributes['session.id']));
  expect([...ids]).toEqual([idClaims.sid ?? expect.stringMatching(/^[0-9a-f]{32}$/)]);
});

test('two logins of one person are two sessions', async () => {
  await using world = await startShop();
  const first = await logIn(world, { sub: 'alice', idClaims: { sid: 'sid-1' } });
  const second = await logIn(world, { sub: 'alice', idClaims: { sid: 'sid-2' } });
  await get(`${world.url}/orders?n=1`, first);
  await get(`${world.url}/orders?n=2`, second);
  const spans = await world.audit.waitFor(
    (all) =>
      all.filter(({ kind, attributes }) => kind === 2 && attributes['url.path'] === '/orders').length === 2,
    'two requests',
  );
  const idOf = (query: string): unknown =>
    spans.find(({ kind, attributes }) => kind === 2 && attributes['url.query'] === query)?.attributes[
      'session.id'
    ];
  expect([idOf('n=1'), idOf('n=2')]).toEqual(['sid-1', 'sid-2']);
});

test.each([
  ['forced', 3_600],
  ['near_expiry', 60],
  ['expired', 0],
])('a refresh says why: %s', async (reason, lifetime) => {
  await using world = await startShop();
  await logIn(world, { sub: 'alice', idClaims: { sid: 'sid-1' }, lifetime });
  const { body } = await get(`${world.url}/refresh/alice`);
  await get(`${world.url}/orders`, String(body['access_token']));
  const issued = await waitForEvent(world, 'oidc.token.issued');
  const refreshed = await waitForEvent(world, 'oidc.token.refreshed');
  expect(refreshed.attributes).toMatchObject({
    'session.id': 'sid-1',
    'user.id': 'alice',
    'oidc.session.state': 'refreshed',
    'oidc.grant_type': 'refresh_token',
    'oidc.token.refresh_reason': reason,
    'oidc.token.seconds_left': expect.any(Number),
    'oidc.token.previous_id': issued.attributes['oidc.token.id'],
  });
  expect(refreshed.attributes['oidc.token.id']).not.toBe(issued.attributes['oidc.token.id']);
  expect(refreshed.span.attributes).toMatchObject({ 'session.id': 'sid-1', 'url.path': '/refresh/alice' });
});

test('a login that fails is recorded with the provider’s error code', async () => {
  await using world = await startShop();
  await get(
    `${world.url}/callback?error=access_denied&error_description=no&state=state-value-that-must-not-leak`,
  );
  const denied = await waitForEvent(world, 'oidc.authorization.failed');
  expect(denied.attributes).toEqual({
    'oidc.client_id': CLIENT_ID,
    'oidc.issuer': world.provider.issuer,
    'oidc.error': 'access_denied',
    'oidc.error_description': 'no',
  });
  await get(`${world.url}/callback?code=unknown&state=state-value-that-must-not-leak`);
  const spans = await world.audit.waitFor(
    (all) => events(all, 'oidc.authorization.failed').length === 2,
    'the other',
  );
  expect(events(spans, 'oidc.authorization.failed')[1]?.attributes).toMatchObject({
    'oidc.error': 'invalid_grant',
  });
  for (const span of spans) expect(span.attributes).not.toHaveProperty('session.id');
});

test('logout ends the session and is recorded under it', async () => {
  await using world = await startShop();
  await logIn(world, { sub: 'alice', idClaims: { sid: 'sid-1' } });
  await get(`${world.url}/logout/alice`);
  const ended = await waitForEvent(world, 'oidc.session.ended');
  expect(ended.attributes).toMatchObject({
    'session.id': 'sid-1',
    'user.id': 'alice',
    'oidc.session.state': 'logged_out',
    'oidc.session.end_reason': 'logout',
  });
  expect(ended.span.attributes).toMatchObject({ 'session.id': 'sid-1' });
});

test('revocation, introspection and a service’s own token', async () => {
  await using world = await startShop();
  const opaque = await logIn(world, { sub: 'alice', idClaims: { sid: 'sid-1' }, accessClaims: false });
  await get(`${world.url}/introspect`, opaque);
  const introspected = await waitForEvent(world, 'oidc.token.introspected');
  expect(introspected.attributes).toMatchObject({
    'session.id': 'sid-1',
    'oidc.token.active': true,
    'oidc.token.id': expect.stringMatching(/^[0-9a-f]{32}$/),
  });
  expect(introspected.span.attributes).toMatchObject({ 'session.id': 'sid-1', 'user.id': 'alice' });

  await get(`${world.url}/introspect`, 'unknown-token');
  const spans = await world.audit.waitFor(
    (all) => events(all, 'oidc.token.introspected').length === 2,
    'the other',
  );
  const inactive = events(spans, 'oidc.token.introspected')[1];
  expect(inactive?.attributes).toMatchObject({ 'oidc.token.active': false });
  expect(inactive?.span.attributes).not.toHaveProperty('session.id');
  expect(events(spans, 'oidc.token.rejected').map(({ attributes }) => attributes)).toMatchObject([
    { 'oidc.token.rejection_reason': 'inactive', 'oidc.token.id': inactive?.attributes['oidc.token.id'] },
  ]);

  await get(`${world.url}/revoke/alice`);
  const revoked = await waitForEvent(world, 'oidc.token.revoked');
  expect(revoked.attributes).toMatchObject({
    'session.id': 'sid-1',
    'oidc.token.type': 'refresh',
    'oidc.session.state': 'revoked',
  });

  await get(`${world.url}/service`);
  const all = await world.audit.waitFor(
    (seen) => events(seen, 'oidc.token.issued').length === 2,
    'the service',
  );
  const service = events(all, 'oidc.token.issued')[1];
  expect(service?.attributes).toMatchObject({
    'user.id': CLIENT_ID,
    'oidc.grant_type': 'client_credentials',
    'oidc.scope': ['stock'],
  });
  expect(service?.span.attributes).not.toHaveProperty('session.id');
});

test('a token that does not verify is recorded with the reason, and binds nothing', async () => {
  await using world = await startShop();
  const { provider } = world;
  const good = await provider.accessToken({ sub: 'alice', sid: 'sid-1' });
  const cases: [string, string][] = [
    ['expired', await provider.accessToken({ sub: 'alice', sid: 'sid-1' }, -60)],
    ['wrong_audience', await provider.accessToken({ sub: 'alice', sid: 'sid-1', aud: 'other' })],
    ['wrong_issuer', await provider.accessToken({ sub: 'alice', sid: 'sid-1', iss: 'https://other' })],
    [
      'not_yet_valid',
      await provider.accessToken({ sub: 'alice', nbf: Math.floor(Date.now() / 1_000) + 600 }),
    ],
    ['bad_signature', `${good.slice(0, -8)}AAAAAAAA`],
    ['malformed', 'not-a-token'],
    ['malformed', 'a.b.c'],
  ];
  for (const [, token] of cases) expect((await get(`${world.url}/orders`, token)).status).toBe(401);
  const spans = await world.audit.waitFor(
    (all) => events(all, 'oidc.token.rejected').length === cases.length,
    'all',
  );
  const rejected = events(spans, 'oidc.token.rejected');
  expect(rejected.map(({ attributes }) => attributes['oidc.token.rejection_reason'])).toEqual(
    cases.map(([reason]) => reason),
  );
  for (const { span, attributes } of rejected) {
    expect(span.attributes).not.toHaveProperty('session.id');
    expect(attributes).toMatchObject({ 'oidc.error': 'invalid_token', 'oidc.token.id': expect.any(String) });
  }
  // Its signature was genuine: whose token had expired is known.
  expect(rejected[0]?.attributes).toMatchObject({ 'user.id': 'alice', 'session.id': 'sid-1' });
  expect(rejected[4]?.attributes).not.toHaveProperty('user.id');
});
