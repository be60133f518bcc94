import { expect } from 'vitest';
import type { LibraryWorld } from '../../../support/apps/library-world.ts';
import { expectNoSecrets } from '../../../support/apps/seen-events.ts';

/** How an application's library makes the story differ. */
export interface StoryVariant {
  /** `oidc.error` when somebody comes back with a `state` that is not theirs. */
  readonly stateError: string;
  /** False where the application builds the provider's address itself, and nothing can see it. */
  readonly authorizations?: boolean;
}

const SCOPES = ['openid', 'orders', 'stock'];

/** Alice logs in and does all there is to do; Bob is refused, and somebody comes with a foreign `state`. */
export async function liveThrough(world: LibraryWorld): Promise<void> {
  const { page, browser } = await world.login('/login', 'alice');
  expect(page.body.toString()).toBe('{"subject":"alice"}');
  for (const path of ['/refresh', '/introspect', '/userinfo', '/machine', '/revoke', '/logout']) {
    const answer = await browser.open(new URL(path, world.url));
    expect([path, answer.status]).toEqual([path, 200]);
  }
  const bob = world.browser('bob');
  const start = await bob.send(new URL('/login', world.url));
  const location = new URL(start.headers.find(([name]) => name.toLowerCase() === 'location')?.[1] ?? '');
  const state = location.searchParams.get('state') ?? '';
  const iss = encodeURIComponent(world.provider.issuer);
  const denied = `/callback?error=access_denied&error_description=no&state=${state}&iss=${iss}`;
  expect((await bob.send(new URL(denied, world.url))).status).toBe(500);
  const foreign = `/callback?code=some-code&state=a-foreign-state&iss=${iss}`;
  expect((await bob.send(new URL(foreign, world.url))).status).toBe(500);
}

/** Expects every event of the story once, each with what it must say. */
export async function expectStory(world: LibraryWorld, variant: StoryVariant): Promise<void> {
  const { issuer } = world.provider;
  const spans = await world.serverSpans();
  const client = { 'oidc.client_id': 'fixture', 'oidc.issuer': issuer };
  const session = spans.find(({ attributes }) => attributes['user.id'] === 'alice')?.attributes['session.id'];
  expect(session).toBeTypeOf('string');
  const alice = { ...client, 'user.id': 'alice', 'session.id': session };
  const requested = { ...client, 'oidc.scope.requested': SCOPES, 'oidc.flow': 'code' };
  const authorizations = variant.authorizations !== false;
  const asked = authorizations ? { 'oidc.scope.requested': SCOPES } : {};
  const wanted = [
    ...(authorizations ? [['oidc.authorization.requested', requested]] : []),
    [
      'oidc.token.issued',
      {
        ...alice,
        ...asked,
        'oidc.scope': SCOPES,
        'oidc.grant_type': 'authorization_code',
        'oidc.flow': 'code',
        'oidc.token.expires_at': expect.any(Number),
      },
    ],
    ['oidc.session.started', alice],
    [
      'oidc.token.refreshed',
      {
        ...alice,
        'oidc.token.refresh_reason': 'forced',
        'oidc.token.previous_id': expect.any(String),
        'oidc.token.id': expect.any(String),
      },
    ],
    ['oidc.token.introspected', { ...alice, 'oidc.token.active': true }],
    [
      'oidc.token.issued',
      {
        ...client,
        'user.id': 'fixture',
        'oidc.grant_type': 'client_credentials',
        'oidc.scope.requested': ['stock'],
        'oidc.scope': ['stock'],
      },
    ],
    ['oidc.token.revoked', { ...alice, 'oidc.token.type': 'refresh' }],
    ...(authorizations ? [['oidc.session.ended', { ...alice, 'oidc.session.end_reason': 'logout' }]] : []),
    ...(authorizations ? [['oidc.authorization.requested', requested]] : []),
    ['oidc.authorization.failed', { ...client, 'oidc.error': 'access_denied' }],
    ['oidc.authorization.failed', { ...client, 'oidc.error': variant.stateError }],
  ];
  const seen = (await world.spans()).flatMap((span) =>
    span.events
      .filter(({ name }) => name.startsWith('oidc.'))
      .map(({ name, attributes }) => [name, attributes]),
  );
  expect(seen.map(([name]) => name)).toEqual(wanted.map(([name]) => name));
  expect(seen).toMatchObject(wanted);

  // A revocation proves nothing of whoever asked for it.
  const paths = ['/callback', '/refresh', '/introspect', '/userinfo', ...(authorizations ? ['/logout'] : [])];
  const bound = spans.filter(({ attributes }) => attributes['session.id'] === session);
  expect(bound.map(({ attributes }) => attributes['url.path'])).toEqual(paths);
  expectNoSecrets(world, ['some-code', 'a-foreign-state']);
}
