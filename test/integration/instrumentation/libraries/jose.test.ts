import { expect, test } from 'vitest';
import { compareWithout } from '../../../support/apps/compare-without.ts';
import { startLibraryApp, type LibraryWorld } from '../../../support/apps/library-world.ts';
import { expectNoSecrets } from '../../../support/apps/seen-events.ts';
import type { Algorithm } from '../../../support/apps/token-mint.ts';

/** Which app has which version of jose, and how a script loads it. */
const SCRIPTS = [
  ['jose 4', 'openid-client-5', 'require-main.cjs'],
  ['jose 4', 'openid-client-5', 'esm.mjs'],
  ['jose 5', 'jose-5', 'cjs.cjs'],
  ['jose 5', 'jose-5', 'subpath.mjs'],
  ['jose 6', 'jose-6', 'cjs.cjs'],
  ['jose 6', 'jose-6', 'esm.mjs'],
  ['jose 6', 'jose-6', 'require-main.cjs'],
] as const;
const ALGORITHMS: readonly Algorithm[] = ['RS256', 'ES256', 'EdDSA'];

/** Everything a resource server is sent, good and bad. */
async function sendTokens(world: LibraryWorld): Promise<void> {
  const { tokens } = world.provider;
  for (const alg of ALGORITHMS) await world.get('/', await tokens.mint({}, { alg }));
  for (const { token } of await tokens.badTokens()) await world.get('/', token);
  await world.get('/');
}

test.each(SCRIPTS)(
  '%s in %s, %s: a good token labels the server span, a bad one is one event with its reason',
  async (_version, app, script) => {
    await using world = await startLibraryApp(app, `jose/${script}`);
    for (const alg of ALGORITHMS) {
      const answer = await world.get('/', await world.provider.tokens.mint({ sub: `user-${alg}` }, { alg }));
      expect(answer.status).toBe(200);
    }
    const bad = await world.provider.tokens.badTokens();
    for (const { token, name } of bad) expect((await world.get('/', token)).status, name).toBe(401);

    const spans = await world.serverSpans();
    const good = spans.slice(0, ALGORITHMS.length);
    expect(good.map(({ attributes }) => [attributes['user.id'], attributes['session.id']])).toEqual(
      ALGORITHMS.map((alg) => [`user-${alg}`, `session-of-user-${alg}`]),
    );
    for (const { attributes, events } of good) {
      expect(attributes).toMatchObject({ 'oidc.session.state': 'active', 'oidc.token.type': 'access' });
      expect(events).toEqual([]);
    }
    const rejections = await world.events('oidc.token.rejected');
    expect(rejections.map(({ attributes }) => attributes['oidc.token.rejection_reason'])).toEqual(
      bad.map(({ reason }) => reason),
    );
    expect(new Set(rejections.map(({ span }) => span.spanId)).size).toBe(bad.length);
    for (const { attributes } of spans.slice(ALGORITHMS.length)) {
      expect(attributes).not.toHaveProperty('oidc.session.state');
    }
    expectNoSecrets(world);
  },
);

test.each(SCRIPTS.filter(([, , script]) => script !== 'esm.mjs'))(
  '%s in %s, %s: answers are the same without us',
  async (_version, app, script) => {
    await compareWithout(app, `jose/${script}`, sendTokens);
  },
);

test('two copies in one process: jose 6, and the jose 4 of a library', async () => {
  await using world = await startLibraryApp('openid-client-6', 'two-copies.mjs');
  const { tokens } = world.provider;
  for (const path of ['/new', '/old']) {
    expect((await world.get(path, await tokens.mint({ sub: path }))).status).toBe(200);
    expect((await world.get(path, await tokens.mint({ sub: path }, { expiresIn: -600 }))).status).toBe(401);
  }
  const spans = await world.serverSpans();
  expect(spans.map(({ attributes }) => attributes['session.id'])).toEqual([
    'session-of-/new',
    undefined,
    'session-of-/old',
    undefined,
  ]);
  expect(
    spans.map(({ events }) => events.map(({ attributes }) => attributes['oidc.token.rejection_reason'])),
  ).toEqual([[], ['expired'], [], ['expired']]);
});
