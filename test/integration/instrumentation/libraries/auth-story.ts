import { expect } from 'vitest';
import type { TestBrowser } from '../../../support/apps/browser.ts';
import { headerOf } from '../../../support/apps/exchange.ts';
import type { LibraryWorld } from '../../../support/apps/library-world.ts';
import { expectNoSecrets } from '../../../support/apps/seen-events.ts';

/** Where Auth.js, and next-auth before it, have their pages. */
export interface AuthPages {
  /** `/auth`, `/api/auth`. */
  readonly base: string;
}

/** Reads the token against forged requests, and sends a form with it. */
async function submit(world: LibraryWorld, browser: TestBrowser, path: string, base: string): Promise<void> {
  const csrf = await browser.send(new URL(`${base}/csrf`, world.url));
  const { csrfToken } = JSON.parse(csrf.body.toString());
  world.provider.secrets.add(csrfToken);
  await browser.open(new URL(`${base}/${path}`, world.url), {
    form: { csrfToken, callbackUrl: `${world.url}/page` },
  });
}

/** Somebody logs in and looks at pages, logs out and looks again. */
export async function visit(world: LibraryWorld, { base }: AuthPages): Promise<TestBrowser> {
  const browser = world.browser('alice');
  await submit(world, browser, 'signin/fixture', base);
  await browser.send(new URL(`${base}/session`, world.url));
  for (const path of ['/page', '/token']) await browser.send(new URL(path, world.url));
  await submit(world, browser, 'signout', base);
  await browser.send(new URL('/page', world.url));
  return browser;
}

/** Comes back from the provider with an error. */
export async function beRefused(world: LibraryWorld, { base }: AuthPages): Promise<void> {
  const browser = world.browser('bob');
  const csrf = await browser.send(new URL(`${base}/csrf`, world.url));
  const { csrfToken } = JSON.parse(csrf.body.toString());
  world.provider.secrets.add(csrfToken);
  const page = await browser.send(new URL(`${base}/signin/fixture`, world.url), { form: { csrfToken } });
  const state = new URL(headerOf(page, 'location') ?? '').searchParams.get('state') ?? '';
  const query = new URLSearchParams({ error: 'access_denied', state, iss: world.provider.issuer });
  await browser.send(new URL(`${base}/callback/fixture?${query.toString()}`, world.url));
}

/** Expects what {@link visit} and then {@link beRefused} must leave. */
export async function expectVisit(world: LibraryWorld, { base }: AuthPages): Promise<void> {
  const spans = await world.serverSpans();
  const answers = world.exchanges.map(({ url, status }) => [url.pathname, status]);
  const page = answers.filter(([path]) => path === '/page').map(([, status]) => status);
  expect(page).toEqual([200, 200, 401, 401]);
  const client = { 'oidc.client_id': 'fixture', 'oidc.issuer': world.provider.issuer };
  const requested = { ...client, 'oidc.scope.requested': ['openid', 'profile', 'orders'] };
  const session = spans.find(({ attributes }) => attributes['user.id'] === 'alice')?.attributes['session.id'];
  expect(session).toBeTypeOf('string');
  const alice = { ...client, 'user.id': 'alice', 'session.id': session };
  const wanted = [
    [`${base}/signin/fixture`, 'oidc.authorization.requested', requested],
    [
      `${base}/callback/fixture`,
      'oidc.token.issued',
      { ...requested, ...alice, 'oidc.grant_type': 'authorization_code' },
    ],
    [`${base}/callback/fixture`, 'oidc.session.started', alice],
    [`${base}/signout`, 'oidc.session.ended', { ...alice, 'oidc.session.end_reason': 'logout' }],
    [`${base}/signin/fixture`, 'oidc.authorization.requested', requested],
    [`${base}/callback/fixture`, 'oidc.authorization.failed', { ...client, 'oidc.error': 'access_denied' }],
  ];
  const seen = spans.flatMap(({ attributes, events }) =>
    events
      .filter(({ name }) => name.startsWith('oidc.'))
      .map((event) => [attributes['url.path'], event.name, event.attributes]),
  );
  expect(seen.map(([path, name]) => [path, name])).toEqual(wanted.map(([path, name]) => [path, name]));
  expect(seen).toMatchObject(wanted);
  const bound = spans.filter(({ attributes }) => attributes['session.id'] === session);
  expect(bound.map(({ attributes }) => attributes['url.path'])).toEqual([
    `${base}/callback/fixture`,
    '/page',
    `${base}/session`,
    '/page',
    '/token',
    `${base}/signout`,
  ]);
  expectNoSecrets(world);
}
