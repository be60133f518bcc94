import { expect, test } from 'vitest';
import type { TestBrowser } from '../../../support/apps/browser.ts';
import { compareWithout } from '../../../support/apps/compare-without.ts';
import {
  startLibraryApp,
  type LibraryAppOptions,
  type LibraryWorld,
} from '../../../support/apps/library-world.ts';
import { expectSecretsKept } from '../../../support/apps/secrets-kept.ts';

const APP = 'passport';
const OPTIONS: LibraryAppOptions = {
  client: (url) => ({
    redirectUris: ['/callback', '/wrong/callback', '/oauth2/callback'].map((path) => url + path),
  }),
};
const start = (script = 'cjs.cjs'): Promise<LibraryWorld> => startLibraryApp(APP, script, OPTIONS);

/** Server spans as `path user session`. */
async function whose(world: LibraryWorld): Promise<string[][]> {
  return (await world.serverSpans()).map(({ attributes }) =>
    [attributes['url.path'], attributes['user.id'], attributes['session.id']].map((value) =>
      typeof value === 'string' ? value : '',
    ),
  );
}

/** Values of the cookies that a browser was given. */
function cookiesOf(browser: TestBrowser): string[] {
  return browser.pages.flatMap(({ headers }) =>
    headers
      .filter(([name]) => name.toLowerCase() === 'set-cookie')
      .map(([, value]) => value.slice(value.indexOf('=') + 1).split(';')[0] ?? '')
      .filter((value) => value.length > 10)
      // The id itself is within the signed value.
      .flatMap((value) => [value, decodeURIComponent(value).replace(/^s:/, '').split('.')[0] ?? value]),
  );
}

for (const script of ['cjs.cjs', 'esm.mjs']) {
  test(`${script}: a login by OpenID Connect, the requests of its cookie session, and its end`, async () => {
    await using world = await start(script);
    const { page, browser } = await world.login('/login', 'bob');
    expect(JSON.parse(page.body.toString())).toEqual({ user: 'bob' });
    for (const path of ['/me', '/refresh', '/logout', '/me']) await browser.open(world.url + path);

    const [requested] = await world.events('oidc.authorization.requested');
    expect(requested?.attributes).toMatchObject({
      'oidc.client_id': 'fixture',
      'oidc.issuer': world.provider.issuer,
      'oidc.scope.requested': ['openid', 'orders', 'stock'],
      'oidc.flow': 'code',
    });
    const [issued, ...more] = await world.events('oidc.token.issued');
    expect(more).toEqual([]);
    expect(issued?.attributes).toMatchObject({
      'user.id': 'bob',
      'oidc.client_id': 'fixture',
      'oidc.scope.requested': ['openid', 'orders', 'stock'],
      'oidc.scope': ['openid', 'orders', 'stock'],
      'oidc.grant_type': 'authorization_code',
      'oidc.token.expires_at': expect.any(Number),
    });
    const session = String(issued?.attributes['session.id']);
    const started = await world.events('oidc.session.started');
    expect(started.map(({ attributes }) => attributes['session.id'])).toEqual([session]);
    expect(await whose(world)).toEqual([
      ['/login', '', ''],
      ['/callback', 'bob', session],
      ['/me', 'bob', session],
      ['/refresh', 'bob', session],
      ['/logout', 'bob', session],
      ['/me', '', ''],
    ]);
    const [refreshed] = await world.events('oidc.token.refreshed');
    expect(refreshed?.attributes).toMatchObject({
      'session.id': session,
      'oidc.token.refresh_reason': 'forced',
      'oidc.token.previous_id': issued?.attributes['oidc.token.id'],
      'oidc.grant_type': 'refresh_token',
    });
    expect(refreshed?.attributes['oidc.token.id']).not.toBe(issued?.attributes['oidc.token.id']);
    const ended = await world.events('oidc.session.ended');
    expect(
      ended.map(({ attributes }) => [attributes['session.id'], attributes['oidc.session.end_reason']]),
    ).toEqual([[session, 'logout']]);
    expectSecretsKept(world, cookiesOf(browser));
  });
}

test('an id that was given up binds nobody, nor does the one after it without a login', async () => {
  await using world = await start();
  const { browser } = await world.login('/login');
  const cookie = cookieHeader(browser);
  // The store answers as before: it is we who must not.
  await world.send('/keep');
  await browser.open(`${world.url}/rotate`);
  await browser.open(`${world.url}/me`);
  const last = await world.send('/me', { headers: { cookie } });
  expect(last.body.toString()).toBe('{"user":"alice"}');
  const users = (await whose(world)).map(([path, user]) => `${path} ${user}`);
  expect(users).toEqual(['/login ', '/callback alice', '/keep ', '/rotate alice', '/me ', '/me ']);
  expect(await world.events('oidc.session.ended')).toEqual([]);
});

test('a session that is destroyed has ended, and its id binds nobody', async () => {
  await using world = await start();
  const { browser } = await world.login('/login');
  const cookie = cookieHeader(browser);
  for (const path of ['/destroy', '/me']) await world.send(path, { headers: { cookie } });
  const ended = await world.events('oidc.session.ended');
  expect(ended.map(({ attributes }) => attributes['oidc.session.end_reason'])).toEqual(['logout']);
  expect((await whose(world)).map(([, user]) => user)).toEqual(['', 'alice', 'alice', '']);
});

test('people who log in at once are not mixed up', async () => {
  await using world = await start();
  const people = Array.from({ length: 8 }, (_, index) => `person-${index}`);
  await Promise.all(
    people.map(async (who) => {
      const { browser } = await world.login('/login', who);
      await Promise.all([1, 2, 3].map(() => browser.send(`${world.url}/me`)));
    }),
  );
  const seen = (await whose(world)).filter(([path]) => path === '/me').map(([, user]) => user);
  expect(seen).toHaveLength(3 * people.length);
  for (const who of people) expect(seen.filter((user) => user === who)).toHaveLength(3);
});

test('a store that does not answer leaves the request without a session', async () => {
  await using world = await start();
  const { browser } = await world.login('/login');
  await browser.open(`${world.url}/break`);
  expect((await browser.open(`${world.url}/me`)).status).toBe(500);
  expect((await whose(world)).at(-1)).toEqual(['/me', '', '']);
});

test('a login by OAuth 2.0 alone is recorded, and starts no session', async () => {
  await using world = await start();
  await world.login('/oauth2/login');
  const [issued] = await world.events('oidc.token.issued');
  expect(issued?.attributes).toMatchObject({
    'oidc.client_id': 'fixture',
    'oidc.scope.requested': ['openid', 'orders'],
    'oidc.flow': 'code',
  });
  expect(issued?.attributes).not.toHaveProperty('user.id');
  expect(await world.events('oidc.session.started')).toEqual([]);
  expect((await whose(world)).map(([, user]) => user)).toEqual(['', '']);
});

test('a service gets a token for itself', async () => {
  await using world = await start();
  await world.send('/service');
  const [issued] = await world.events('oidc.token.issued');
  expect(issued?.attributes).toMatchObject({ 'user.id': 'fixture', 'oidc.grant_type': 'client_credentials' });
});

test('a login that fails says why', async () => {
  await using world = await start();
  const answers = [
    '/callback?error=access_denied&error_description=not+today&state=s1234567',
    '/callback?error=server_error&error_description=broken&state=s1234567',
    '/callback?code=c1234567890&state=s1234567',
    '/oauth2/callback?error=access_denied&state=s1234567',
    '/oauth2/callback?code=c1234567890&state=s1234567',
  ];
  for (const path of answers) await world.send(path);
  const browser = world.browser();
  const page = await browser.send(`${world.url}/login`);
  const location = page.headers.find(([name]) => name.toLowerCase() === 'location')?.[1] ?? '';
  const state = new URL(location).searchParams.get('state') ?? '';
  await browser.send(`${world.url}/callback?code=c1234567890&state=${encodeURIComponent(state)}`);
  await world.login('/wrong/login');
  await world.login('/login', 'banned');
  const failed = await world.events('oidc.authorization.failed');
  expect(
    failed.map(({ attributes }) => [attributes['oidc.error'], attributes['oidc.error_description']]),
  ).toEqual([
    ['access_denied', 'not today'],
    ['server_error', 'broken'],
    ['invalid_state', undefined],
    ['access_denied', undefined],
    ['invalid_state', undefined],
    ['invalid_grant', 'grant request is invalid'],
    ['invalid_id_token', undefined],
    ['access_denied', undefined],
  ]);
  expect(failed.at(-1)?.attributes['user.id']).toBe('banned');
  const rejected = await world.events('oidc.token.rejected');
  expect(rejected.map(({ attributes }) => attributes['oidc.token.rejection_reason'])).toEqual([
    'wrong_issuer',
  ]);
  expectSecretsKept(world, ['c1234567890', 's1234567', state]);
});

test('bearer tokens by passport-jwt: good, bad, and of somebody the application does not know', async () => {
  await using world = await start();
  const { tokens } = world.provider;
  const bad = await tokens.badTokens();
  expect((await world.get('/api', await tokens.mint({ sub: 'carol' }))).status).toBe(200);
  for (const { token, name } of bad) expect((await world.get('/api', token)).status, name).toBe(401);
  await world.get('/api');
  await world.get('/api', await tokens.mint({ sub: 'banned' }));
  await world.get('/either');
  const events = await world.events('oidc.token.rejected');
  expect(events.map(({ attributes }) => attributes['oidc.token.rejection_reason'])).toEqual([
    ...bad.map(({ reason }) => (reason === 'unknown_key' ? 'bad_signature' : reason)),
    'missing',
    'other',
  ]);
  expect(events.at(-1)?.attributes['user.id']).toBe('banned');
  expect((await whose(world))[0]).toEqual(['/api', 'carol', 'session-of-carol']);
  expectSecretsKept(world);
});

test('answers are the same without us', async () => {
  await compareWithout(
    APP,
    'cjs.cjs',
    async (world) => {
      const { browser } = await world.login('/login');
      for (const path of ['/me', '/refresh', '/service', '/rotate', '/me', '/logout', '/me', '/destroy'])
        await browser.open(world.url + path);
      await world.login('/wrong/login');
      await world.login('/oauth2/login');
      await world.login('/login', 'banned');
      for (const path of ['/callback?error=access_denied', '/callback?code=c&state=s', '/api', '/either'])
        await world.get(path);
      await world.get('/api', await world.provider.tokens.mint());
      for (const { token } of await world.provider.tokens.badTokens()) await world.get('/api', token);
      await world.get('/break');
      await browser.open(`${world.url}/me`);
    },
    OPTIONS,
  );
});

/** The session cookie as the browser has it now. */
function cookieHeader({ pages }: TestBrowser): string {
  const set = pages.flatMap(({ headers }) =>
    headers.filter(
      ([name, value]) => name.toLowerCase() === 'set-cookie' && value.startsWith('connect.sid='),
    ),
  );
  return set.at(-1)?.[1].split(';')[0] ?? '';
}
