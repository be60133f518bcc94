import { expect, test } from 'vitest';
import { TestBrowser } from '../../../support/apps/browser.ts';
import { compareWithout } from '../../../support/apps/compare-without.ts';
import { headerOf, type Exchange } from '../../../support/apps/exchange.ts';
import { startLibraryApp, type LibraryWorld, type SeenEvent } from '../../../support/apps/library-world.ts';

const SCRIPT = 'provider.mjs';
const MAX_STEPS = 12;
/** Nobody listens there: what comes back is read from the redirect. */
const REDIRECT_URI = 'https://client.invalid/callback';
const SECRET = 'the-secret-of-the-fixtures-client';
const OPTIONS = { env: { REDIRECT_URI, CLIENT_SECRET: SECRET } };

/** A person in front of the provider, and what the provider has given to their client. */
class Person {
  readonly #world: LibraryWorld;
  readonly #browser: TestBrowser;
  /** Codes and tokens, none of which may be told. */
  readonly secrets: string[] = [];

  constructor(world: LibraryWorld, who: string) {
    this.#world = world;
    this.#browser = new TestBrowser(world.url, who);
  }

  /** Logs in, and returns what the provider sends to the client. */
  async authorize(parameters: Record<string, string> = {}): Promise<URLSearchParams> {
    const start = new URL('/auth', this.#world.url);
    start.search = new URLSearchParams({
      client_id: 'fixture',
      redirect_uri: REDIRECT_URI,
      response_type: 'code',
      scope: 'openid offline_access orders',
      prompt: 'consent',
      state: 'the-state-of-the-client',
      ...parameters,
    }).toString();
    let next: URL = start;
    for (let step = 0; step < MAX_STEPS; step += 1) {
      const page = await this.#browser.send(next);
      const location = headerOf(page, 'location');
      if (location === undefined) throw new Error(`${next.href}: ${page.status} ${String(page.body)}`);
      next = new URL(location, next);
      if (next.href.startsWith(REDIRECT_URI)) {
        const code = next.searchParams.get('code');
        if (code !== null) this.secrets.push(code);
        return next.searchParams;
      }
    }
    throw new Error('the provider sends the browser in circles');
  }

  /** Asks an endpoint as the client does. */
  async post(path: string, form: Record<string, string>): Promise<Record<string, string>> {
    const answer = await this.#world.send(path, {
      method: 'POST',
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        authorization: `Basic ${Buffer.from(`fixture:${SECRET}`).toString('base64')}`,
      },
      body: new URLSearchParams(form).toString(),
    });
    const body: Record<string, string> = answer.body.length === 0 ? {} : JSON.parse(String(answer.body));
    const { access_token, refresh_token, id_token } = body;
    for (const token of [access_token, refresh_token, id_token]) if (token) this.secrets.push(token);
    return body;
  }

  redeem(code: string): Promise<Record<string, string>> {
    return this.post('/token', { grant_type: 'authorization_code', code, redirect_uri: REDIRECT_URI });
  }

  refresh(token: string): Promise<Record<string, string>> {
    return this.post('/token', { grant_type: 'refresh_token', refresh_token: token });
  }

  logOut(idToken: string): Promise<Exchange> {
    return this.#browser.open(`${this.#world.url}/session/end?id_token_hint=${idToken}`);
  }
}

for (const app of ['fastify-5-oauth2', 'fastify-4-oauth2', 'oidc-provider-7']) {
  test(`${app}: issuing, refreshing, introspecting, revoking and logging out, under the name that the client knows`, async () => {
    await using world = await startLibraryApp(app, SCRIPT, OPTIONS);
    const gil = new Person(world, 'gil');
    const tokens = await gil.redeem((await gil.authorize()).get('code') ?? '');
    const renewed = await gil.refresh(tokens['refresh_token'] ?? '');
    await gil.post('/token/introspection', { token: renewed['access_token'] ?? '' });
    await gil.post('/token/revocation', { token: renewed['access_token'] ?? '' });
    await gil.post('/token', { grant_type: 'client_credentials', scope: 'stock' });
    const again = await gil.redeem((await gil.authorize()).get('code') ?? '');
    await gil.logOut(again['id_token'] ?? '');
    const { sid, iss } = claimsOf(tokens['id_token'] ?? '');
    const ours = { 'session.id': sid, 'user.id': 'gil', 'oidc.client_id': 'fixture', 'oidc.issuer': iss };
    expect(typeof sid).toBe('string');

    const ended = await events(world, 'oidc.session.ended', 1);
    expect(ended.map(({ attributes }) => attributes)).toMatchObject([
      { ...ours, 'oidc.session.end_reason': 'logout' },
    ]);
    const [requested] = await events(world, 'oidc.authorization.requested', 2);
    const scopes = ['openid', 'offline_access', 'orders'];
    expect(requested?.attributes).toMatchObject({ 'oidc.scope.requested': scopes, 'oidc.flow': 'code' });
    expect(requested?.span.attributes).toMatchObject(ours);
    const issued = await events(world, 'oidc.token.issued', 3);
    expect(issued.map(({ attributes }) => attributes)).toMatchObject([
      {
        ...ours,
        'oidc.grant_type': 'authorization_code',
        'oidc.scope.requested': scopes,
        'oidc.scope': scopes,
      },
      { 'user.id': 'fixture', 'oidc.grant_type': 'client_credentials', 'oidc.scope.requested': ['stock'] },
      { ...ours, 'oidc.grant_type': 'authorization_code' },
    ]);
    expect(issued[0]?.attributes).toHaveProperty(['oidc.token.expires_at']);
    const [refreshed] = await events(world, 'oidc.token.refreshed', 1);
    expect(refreshed?.attributes).toMatchObject({
      ...ours,
      'oidc.token.previous_id': issued[0]?.attributes['oidc.token.id'],
      'oidc.token.refresh_reason': 'forced',
    });
    expect((await events(world, 'oidc.token.introspected', 1))[0]?.attributes).toMatchObject({
      ...ours,
      'oidc.token.active': true,
      'oidc.token.id': refreshed?.attributes['oidc.token.id'],
    });
    expect((await events(world, 'oidc.token.revoked', 1))[0]?.attributes).toMatchObject({
      ...ours,
      'oidc.token.type': 'access',
      'oidc.token.id': refreshed?.attributes['oidc.token.id'],
    });
    const [undelivered] = await events(world, 'oidc.authorization.failed', 1);
    expect(undelivered?.attributes).toMatchObject({ 'oidc.error': 'backchannel_logout_undelivered' });
    expectNothingOf(world, gil);
  });

  test(`${app}: what it refuses, and what it revokes because of that`, async () => {
    await using world = await startLibraryApp(app, SCRIPT, OPTIONS);
    const hal = new Person(world, 'hal');
    const refused = await hal.authorize({ prompt: 'none' });
    expect(refused.get('error')).toBe('login_required');
    const tokens = await hal.redeem((await hal.authorize()).get('code') ?? '');
    await hal.refresh(tokens['refresh_token'] ?? '');
    // A refresh token that is used twice has been stolen from one of the two.
    await hal.refresh(tokens['refresh_token'] ?? '');
    await world.get('/me', 'a-token-that-nobody-issued');
    await world.get('/me');
    const failures = await events(world, 'oidc.authorization.failed', 2);
    expect(failures.map(({ attributes }) => attributes['oidc.error'])).toEqual([
      refused.get('error'),
      'invalid_grant',
    ]);
    expect(failures[1]?.attributes).toMatchObject({ 'user.id': 'hal', 'oidc.grant_type': 'refresh_token' });
    const [ended] = await events(world, 'oidc.session.ended', 1);
    expect(ended?.attributes).toMatchObject({ 'user.id': 'hal', 'oidc.session.end_reason': 'revoked' });
    const rejected = await events(world, 'oidc.token.rejected', 2);
    expect(rejected.map(({ attributes }) => attributes['oidc.token.rejection_reason'])).toEqual([
      'other',
      'missing',
    ]);
    expectNothingOf(world, hal);
  });

  test(`${app}: answers are the same without us`, async () => {
    const drive = async (world: LibraryWorld): Promise<void> => {
      const ida = new Person(world, 'ida');
      const tokens = await ida.redeem((await ida.authorize()).get('code') ?? '');
      const renewed = await ida.refresh(tokens['refresh_token'] ?? '');
      await ida.post('/token/introspection', { token: renewed['access_token'] ?? '' });
      await ida.post('/token/revocation', { token: renewed['refresh_token'] ?? '' });
      await ida.logOut(tokens['id_token'] ?? '');
      await world.get('/me', 'a-token-that-nobody-issued');
    };
    const random = [/"(?:access|refresh)_token":"[^"]*"/g, /"(?:sid|iat|exp)":"?[^",}]*"?/g];
    await compareWithout(app, SCRIPT, drive, { ...OPTIONS, random });
  });
}

/** The events of a name, in order, when there are as many as are wanted; they are counted after the last span. */
async function events(world: LibraryWorld, name: string, count: number): Promise<SeenEvent[]> {
  const find = async (): Promise<SeenEvent[]> =>
    (await world.spans()).flatMap((span) =>
      span.events
        .filter((event) => event.name === name)
        .map(({ attributes }) => ({ name, attributes, span })),
    );
  await expect.poll(find, { timeout: 10_000, message: name }).toHaveLength(count);
  return find();
}

function expectNothingOf(world: LibraryWorld, { secrets }: Person): void {
  const sent = Buffer.concat(world.audit.seen.map(({ body }) => body));
  expect(secrets.length).toBeGreaterThan(4);
  for (const secret of [...secrets, SECRET, 'the-state-of-the-client']) {
    expect(sent.includes(secret), `${secret.slice(0, 12)}… was sent`).toBe(false);
  }
}

function claimsOf(token: string): Record<string, unknown> {
  const claims: Record<string, unknown> = JSON.parse(
    Buffer.from(token.split('.')[1] ?? '', 'base64url').toString(),
  );
  return claims;
}
