import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { compareWithout } from '../../../support/apps/compare-without.ts';
import { IdentityProvider } from '../../../support/apps/identity-provider.ts';
import { startLibraryApp, type LibraryAppOptions } from '../../../support/apps/library-world.ts';
import { expectNoSecrets, onlyEvent } from '../../../support/apps/seen-events.ts';
import { beRefused, expectVisit, visit } from './auth-story.ts';

const APP = 'openid-client-6';
const SCRIPT = 'auth-express.mjs';
const PAGES = { base: '/auth' };

function options(env: Record<string, string> = {}): LibraryAppOptions {
  return { env, client: (url) => ({ redirectUris: [`${url}/auth/callback/fixture`] }) };
}

test.each([
  ['one cookie', '0'],
  ['a cookie in parts', '5000'],
])('a session lives in %s', async (_what, padding) => {
  await using world = await startLibraryApp(APP, SCRIPT, options({ PADDING: padding }));
  await visit(world, PAGES);
  await beRefused(world, PAGES);
  await expectVisit(world, PAGES);
});

test('a session lives in a database', async () => {
  await using world = await startLibraryApp(APP, SCRIPT, options({ DATABASE: '1' }));
  await visit(world, PAGES);
  const spans = await world.serverSpans();
  const bound = spans.filter(({ attributes }) => attributes['user.id'] === 'alice');
  const started = await onlyEvent(world, 'oidc.session.started');
  expect(new Set(bound.map(({ attributes }) => attributes['session.id']))).toEqual(
    new Set([started.attributes['session.id']]),
  );
  expect(bound.map(({ attributes }) => attributes['url.path'])).toEqual([
    '/auth/callback/fixture',
    '/page',
    '/auth/session',
    '/page',
    '/auth/signout',
  ]);
  const ended = await onlyEvent(world, 'oidc.session.ended');
  expect(ended.attributes).toMatchObject({ 'user.id': 'alice' });
  expectNoSecrets(world);
});

test.each([
  ['binds nothing by itself', {}, undefined],
  ['binds if issuer and subject are in it', { KEEP_PERSON: '1' }, 'alice'],
])('a cookie of another process %s', async (_what, more, person) => {
  const env = { AUTH_SECRET: randomBytes(32).toString('hex'), ...more };
  await using provider = await new IdentityProvider().listen();
  await using first = await startLibraryApp(APP, SCRIPT, { ...options(env), provider });
  const { pages } = await visit(first, PAGES);
  const set = pages.flatMap(({ headers }) => headers.map(([, value]) => value));
  const cookie = set.find((value) => value.startsWith('authjs.session-token=ey'))?.split(';')[0] ?? '';

  await using second = await startLibraryApp(APP, SCRIPT, { ...options(env), provider });
  const page = await second.send('/page', { headers: { cookie } });
  expect(page.status).toBe(200);
  const [span] = await second.serverSpans();
  expect(span?.attributes['user.id']).toBe(person);
  expectNoSecrets(second, [cookie.slice(cookie.indexOf('=') + 1), env.AUTH_SECRET]);
});

test('answers are the same without us', async () => {
  await compareWithout(
    APP,
    SCRIPT,
    async (world) => {
      await visit(world, PAGES);
      await beRefused(world, PAGES);
    },
    { ...options(), random: [/"csrfToken":"\w+"/, /"expires":"[^"]+"/] },
  );
});
