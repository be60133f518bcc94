import { expect, test } from 'vitest';
import type { TestBrowser } from '../../../support/apps/browser.ts';
import { compareWithout } from '../../../support/apps/compare-without.ts';
import { headerOf } from '../../../support/apps/exchange.ts';
import { KeycloakRealm } from '../../../support/apps/keycloak-realm.ts';
import { startLibraryApp, type LibraryWorld } from '../../../support/apps/library-world.ts';
import { expectNoSecrets, onlyEvent } from '../../../support/apps/seen-events.ts';

const SCRIPT = 'express/keycloak.cjs';
const PASSWORD = 'right-and-quite-secret';

async function startApp(app: string, realm: KeycloakRealm, ...args: string[]): Promise<LibraryWorld> {
  return startLibraryApp(app, SCRIPT, { args, env: realm.environment });
}

/** Somebody reads, is told to log in, and comes back from Keycloak with a code. */
async function logIn(world: LibraryWorld, who: string, session: string): Promise<TestBrowser> {
  const browser = world.browser(who);
  const away = await browser.send(`${world.url}/orders`);
  const asked = new URL(headerOf(away, 'location') ?? '').searchParams;
  const back = new URL(asked.get('redirect_uri') ?? '');
  back.searchParams.set('code', `${who}.${session}`);
  back.searchParams.set('state', asked.get('state') ?? '');
  await browser.send(back);
  return browser;
}

for (const app of ['express-5-auth', 'express-4-auth']) {
  test(`${app}: from login to logout, each event once, and every request in the session`, async () => {
    await using realm = await new KeycloakRealm().listen();
    await using world = await startApp(app, realm);
    // Long enough for a login on a busy machine.
    realm.accessLifetimeS = 3;
    const browser = await logIn(world, 'bea', 'session-of-bea');
    await browser.send(`${world.url}/orders`);
    realm.accessLifetimeS = 3_600;
    // Until the token has expired, and the adapter asks for another.
    await expect
      .poll(
        async () => {
          await browser.send(`${world.url}/orders`);
          return world.events('oidc.token.refreshed');
        },
        { timeout: 20_000, interval: 200 },
      )
      .toHaveLength(1);
    expect((await browser.send(`${world.url}/reader`)).status).toBe(200);
    await browser.send(`${world.url}/logout`);
    await browser.send(`${world.url}/`);

    const ours = {
      'user.id': 'bea',
      'session.id': 'session-of-bea',
      'oidc.client_id': 'fixture',
      'oidc.issuer': realm.tokens.issuer,
    };
    const spans = await world.serverSpans();
    expect(spans[0]?.attributes['user.id']).toBeUndefined();
    expect(spans.at(-1)?.attributes['user.id']).toBeUndefined();
    for (const { attributes } of spans.slice(1, -1)) expect(attributes).toMatchObject(ours);
    const requested = await onlyEvent(world, 'oidc.authorization.requested');
    expect(requested.attributes).toMatchObject({
      'oidc.client_id': 'fixture',
      'oidc.scope.requested': ['openid', 'email'],
    });
    const issued = await onlyEvent(world, 'oidc.token.issued');
    expect(issued.attributes).toMatchObject({
      ...ours,
      'oidc.grant_type': 'authorization_code',
      'oidc.flow': 'code',
      'oidc.scope.requested': ['openid', 'email'],
      'oidc.scope': ['openid', 'email'],
    });
    expect((await onlyEvent(world, 'oidc.session.started')).attributes).toMatchObject(ours);
    expect((await onlyEvent(world, 'oidc.token.refreshed')).attributes).toMatchObject({
      ...ours,
      'oidc.token.previous_id': issued.attributes['oidc.token.id'],
      'oidc.token.refresh_reason': 'expired',
    });
    expect((await onlyEvent(world, 'oidc.session.ended')).attributes).toMatchObject({
      ...ours,
      'oidc.session.end_reason': 'logout',
    });
    expect(await world.events('oidc.token.rejected')).toEqual([]);
    expectNoSecrets(world, [...realm.secrets, 'bea.session-of-bea']);
  });

  test(`${app}: bearer tokens are accepted and rejected with a reason, one event each`, async () => {
    await using realm = await new KeycloakRealm().listen();
    await using world = await startApp(app, realm, '--bearer-only', '--audience');
    const ina = { sub: 'ina', sid: 'session-of-ina' };
    expect((await world.get('/orders', await realm.access(ina, { aud: 'fixture' }))).status).toBe(200);
    await using stranger = await new KeycloakRealm().listen();
    stranger.tokens.issuer = realm.tokens.issuer;
    const bad: [string, string][] = [
      [await realm.access(ina, { aud: 'fixture' }, -600), 'expired'],
      [await realm.access(ina), 'wrong_audience'],
      [await realm.access(ina, { aud: 'fixture', iss: 'https://issuer.invalid' }), 'wrong_issuer'],
      [await realm.access(ina, { aud: 'fixture', typ: 'Refresh' }), 'invalid_claim'],
      [await stranger.access(ina, { aud: 'fixture' }), 'bad_signature'],
      ['nonsense', 'malformed'],
    ];
    for (const [token, reason] of bad) expect((await world.get('/orders', token)).status, reason).toBe(403);
    const events = await world.events('oidc.token.rejected');
    expect(events.map(({ attributes }) => attributes['oidc.token.rejection_reason'])).toEqual(
      bad.map(([, reason]) => reason),
    );
    const [good, ...others] = await world.serverSpans();
    expect(good?.attributes).toMatchObject({ 'user.id': 'ina', 'session.id': 'session-of-ina' });
    for (const { attributes } of others) expect(attributes).not.toHaveProperty(['oidc.session.state']);
    expectNoSecrets(world, [...realm.secrets, ...stranger.secrets]);
  });

  test(`${app}: a missing role, and a missing permission, is told with its name`, async () => {
    await using realm = await new KeycloakRealm().listen();
    await using world = await startApp(app, realm);
    const token = await realm.access({ sub: 'ina', sid: 'session-of-ina' });
    for (const path of ['/admin', '/own', '/enforced'])
      expect((await world.get(path, token)).status, path).toBe(403);
    expect((await world.get('/reader', token)).status).toBe(200);
    const failures = await world.events('oidc.authorization.failed');
    expect(failures.map(({ attributes }) => attributes['oidc.scope.required'])).toEqual([
      ['realm:admin'],
      undefined,
      ['orders:read'],
    ]);
    for (const { attributes } of failures)
      expect(attributes).toMatchObject({ 'user.id': 'ina', 'oidc.error': 'insufficient_scope' });
  });

  test(`${app}: passwords, services, questions to the server, and what it refuses`, async () => {
    await using realm = await new KeycloakRealm().listen();
    await using world = await startApp(app, realm);
    await world.send(`/password?username=otto&password=${PASSWORD}`);
    await world.send(`/password?username=otto&password=wrong-but-secret-too`);
    await world.send('/service');
    const token = await realm.access({ sub: 'ina', sid: 'session-of-ina' });
    await world.send(`/introspect?token=${token}`);
    await world.send('/?auth_callback=1&error=access_denied&error_description=No&state=s-of-somebody');
    await world.send('/?auth_callback=1&code=unknown-code&state=t-of-somebody');
    const issued = await world.events('oidc.token.issued');
    expect(issued.map(({ attributes }) => attributes)).toMatchObject([
      { 'user.id': 'otto', 'oidc.grant_type': 'password', 'oidc.scope.requested': ['openid', 'email'] },
      { 'user.id': 'fixture', 'oidc.grant_type': 'client_credentials' },
    ]);
    const failures = await world.events('oidc.authorization.failed');
    expect(failures.map(({ attributes }) => attributes['oidc.error'])).toEqual([
      'http_400',
      'access_denied',
      'http_400',
    ]);
    const introspected = await onlyEvent(world, 'oidc.token.introspected');
    expect(introspected.attributes).toMatchObject({ 'user.id': 'ina', 'oidc.token.active': true });
    const users = (await world.serverSpans()).map(({ attributes }) => attributes['user.id']);
    expect(users).toEqual(['otto', undefined, undefined, 'ina', undefined, undefined]);
  });

  test(`${app}: Keycloak ends sessions of the application by k_logout`, async () => {
    await using realm = await new KeycloakRealm().listen();
    await using world = await startApp(app, realm);
    const browser = await logIn(world, 'emil', 'session-of-emil');
    const { id } = JSON.parse(String((await browser.send(`${world.url}/session-id`)).body));
    const admin = { action: 'LOGOUT', adapterSessionIds: [id] };
    const token = await realm.tokens.mint(admin, { header: { typ: 'JWT' } });
    expect((await world.send('/k_logout', { method: 'POST', body: token })).status).toBe(200);
    const forged = `${token.slice(0, token.lastIndexOf('.'))}.AAAA`;
    expect((await world.send('/k_logout', { method: 'POST', body: forged })).status).toBe(401);
    await browser.send(`${world.url}/`);
    expect((await onlyEvent(world, 'oidc.session.ended')).attributes).toMatchObject({
      'session.id': 'session-of-emil',
      'user.id': 'emil',
      'oidc.session.end_reason': 'backchannel_logout',
    });
    expect((await onlyEvent(world, 'oidc.token.rejected')).attributes).toMatchObject({
      'oidc.token.rejection_reason': 'bad_signature',
    });
    expect((await world.serverSpans()).at(-1)?.attributes['user.id']).toBeUndefined();
    expectNoSecrets(world, [...realm.secrets, id]);
  });

  test(`${app}: answers are the same without us`, async () => {
    await using realm = await new KeycloakRealm().listen();
    const token = await realm.access({ sub: 'ina', sid: 'session-of-ina' });
    const drive = async (world: LibraryWorld): Promise<void> => {
      const browser = await logIn(world, 'bea', 'session-of-bea');
      for (const path of ['/orders', '/reader', '/admin', '/own', '/enforced', '/logout', '/'])
        await browser.send(world.url + path);
      for (const path of ['/orders', '/admin']) await world.get(path, token);
      await world.send(`/password?username=otto&password=${PASSWORD}`);
      await world.send('/service');
    };
    await compareWithout(app, SCRIPT, drive, { env: realm.environment, random: [/[\w-]+\.session-of-bea/g] });
  });
}
