import { expect, test } from 'vitest';
import { compareWithout } from '../../../support/apps/compare-without.ts';
import { expectSecretsKept } from '../../../support/apps/secrets-kept.ts';
import { startLibraryApp, type LibraryWorld } from '../../../support/apps/library-world.ts';

const APP = 'jsonwebtoken';

/** Ways to verify with one key that is at hand: another key is a bad signature. */
const FIXED = ['/sync', '/complete', '/old', '/nest', '/nest-async', '/koa'];
/** Ways to verify that fetch the provider's keys. */
const FETCHED = ['/callback', '/nest-provider', '/express'];
const PATHS = [...FIXED, ...FETCHED];

/** What comes out otherwise than with all keys at hand. */
function reasonWith(path: string, reason: string, name: string): string {
  // With one key only, a token that another one is to verify is badly signed.
  if (FIXED.includes(path)) return reason === 'unknown_key' ? 'bad_signature' : reason;
  // Where keys are fetched first, what names none is refused for that.
  const unnamed = path === '/nest-provider' ? ['malformed', 'missing'] : [];
  return unnamed.includes(reason) || (name === 'alg none' && path !== '/express') ? 'unknown_key' : reason;
}

const unsigned = (claims: object): string => {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'none' })}.${part(claims)}.`;
};

const reasonsOf = async (world: LibraryWorld): Promise<unknown[]> =>
  (await world.events('oidc.token.rejected')).map(
    ({ attributes }) => attributes['oidc.token.rejection_reason'],
  );

for (const script of ['esm.mjs', 'cjs.cjs']) {
  test(`${script}: a good token labels the server span, however it is verified`, async () => {
    await using world = await startLibraryApp(APP, script);
    for (const path of PATHS) {
      const answer = await world.get(path, await world.provider.tokens.mint({ sub: `of${path}` }));
      expect([path, answer.status]).toEqual([path, 200]);
    }
    const spans = await world.serverSpans();
    expect(spans.map(({ attributes }) => [attributes['user.id'], attributes['session.id']])).toEqual(
      PATHS.map((path) => [`of${path}`, `session-of-of${path}`]),
    );
    for (const { attributes } of spans)
      expect(attributes).toMatchObject({ 'oidc.client_id': 'fixture', 'oidc.token.type': 'access' });
    expect(await world.events('oidc.token.rejected')).toEqual([]);
  });

  test(`${script}: each bad token is one event with its reason, however it is verified`, async () => {
    await using world = await startLibraryApp(APP, script);
    const bad = await world.provider.tokens.badTokens();
    const expected: unknown[] = [];
    for (const path of PATHS) {
      for (const { token, name, reason } of bad) {
        expect((await world.get(path, token)).status, `${path} ${name}`).toBe(401);
        expected.push([path, name, reasonWith(path, reason, name)]);
      }
      expect((await world.get(path)).status).toBe(401);
      expected.push([path, 'none', reasonWith(path, 'missing', 'none')]);
    }
    const spans = await world.serverSpans();
    const seen = spans.map(({ attributes, events }, index) => {
      // Whose token it was is said where its signature is good, and nowhere else.
      const genuine = ['expired', 'not_yet_valid', 'wrong_audience', 'wrong_issuer'];
      const [event, ...others] = events.filter(({ name }) => name === 'oidc.token.rejected');
      const reason = String(event?.attributes['oidc.token.rejection_reason']);
      expect([others, 'user.id' in Object(event?.attributes)]).toEqual([[], genuine.includes(reason)]);
      expect(attributes).not.toHaveProperty('oidc.session.state');
      const [, name] = Object(expected[index]);
      return [attributes['url.path'], name, reason];
    });
    expect(seen).toEqual(expected);
    expectSecretsKept(world);
  });
}

test('a secret that does not fit is no rejection where another one fits', async () => {
  await using world = await startLibraryApp(APP, 'esm.mjs');
  const { tokens } = world.provider;
  for (const alg of ['RS256', 'ES256'] as const)
    expect((await world.get('/koa', await tokens.mint({}, { alg }))).status).toBe(200);
  expect(await reasonsOf(world)).toEqual([]);
});

test('what the application refuses after the middleware is not the token', async () => {
  await using world = await startLibraryApp(APP, 'esm.mjs');
  const token = await world.provider.tokens.mint();
  expect((await world.get('/koa?fail=1', token)).status).toBe(401);
  expect((await world.get('/throws', token)).body.toString()).toBe('Error: of the application');
  expect(await reasonsOf(world)).toEqual([]);
  for (const { attributes } of await world.serverSpans()) expect(attributes['user.id']).toBe('alice');
});

test('an optional token may be missing, but not bad', async () => {
  await using world = await startLibraryApp(APP, 'esm.mjs');
  expect((await world.get('/koa-optional')).status).toBe(200);
  expect((await world.get('/express/open')).status).toBe(200);
  const expired = await world.provider.tokens.mint({}, { expiresIn: -600 });
  expect((await world.get('/koa-optional', expired)).status).toBe(200);
  expect(await reasonsOf(world)).toEqual(['expired']);
});

test('a revoked token is rejected, and it is known whose it was', async () => {
  await using world = await startLibraryApp(APP, 'esm.mjs');
  const token = await world.provider.tokens.mint({ sub: 'revoked', jti: 'the-revoked' });
  for (const path of ['/express-revoked', '/koa-revoked'])
    expect((await world.get(path, token)).status).toBe(401);
  for (const { attributes } of await world.events('oidc.token.rejected')) {
    expect(attributes).toMatchObject({
      'oidc.token.rejection_reason': 'revoked',
      'oidc.token.id': 'the-revoked',
      'user.id': 'revoked',
    });
  }
  expect(await reasonsOf(world)).toHaveLength(2);
});

test('an unsigned token binds nobody, even where the application takes it', async () => {
  await using world = await startLibraryApp(APP, 'esm.mjs');
  const token = unsigned({ iss: world.provider.issuer, sub: 'mallory' });
  expect((await world.get('/unsigned', token)).status).toBe(200);
  for (const { attributes } of await world.serverSpans()) expect(attributes).not.toHaveProperty('user.id');
});

test.each(['esm.mjs', 'cjs.cjs'])('%s: answers are the same without us', async (script) => {
  await compareWithout(APP, script, async (world) => {
    const { tokens } = world.provider;
    for (const path of [...PATHS, '/koa-optional', '/koa-revoked', '/throws']) {
      await world.get(path, await tokens.mint());
      await world.get(path);
    }
    for (const path of ['/sync', '/callback', '/express', '/koa', '/nest-provider'])
      for (const { token } of await tokens.badTokens()) await world.get(path, token);
  });
});
