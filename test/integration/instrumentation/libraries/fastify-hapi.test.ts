import { expect, test } from 'vitest';
import { compareWithout } from '../../../support/apps/compare-without.ts';
import { startLibraryApp, type LibraryWorld } from '../../../support/apps/library-world.ts';
import { expectSecretsKept } from '../../../support/apps/secrets-kept.ts';

const APP = 'fastify-hapi';

/** Ways to verify with one key that is at hand. */
const FIXED = ['/plain', '/cached', '/complete', '/fastify', '/fastify-callback', '/hapi-token'];
/** Ways to verify that look for the key by its id. */
const BY_ID = ['/promise', '/callback', '/fastify-keys', '/hapi'];
const PATHS = [...FIXED, ...BY_ID];

/** What comes out otherwise than with all keys at hand. */
function reasonWith(path: string, reason: string, name: string): string {
  // With one key only, a token that another one is to verify is badly signed.
  if (FIXED.includes(path)) return reason === 'unknown_key' ? 'bad_signature' : reason;
  // Where keys are fetched first, what names none is refused for that.
  return name === 'alg none' && ['/promise', '/callback', '/fastify-keys'].includes(path)
    ? 'unknown_key'
    : reason;
}

const reasonsOf = async (world: LibraryWorld): Promise<unknown[]> =>
  (await world.events('oidc.token.rejected')).map(
    ({ attributes }) => attributes['oidc.token.rejection_reason'],
  );

for (const script of ['cjs.cjs', 'esm.mjs']) {
  test(`${script}: a good token labels the server span, however it is verified`, async () => {
    await using world = await startLibraryApp(APP, script);
    for (const path of PATHS) {
      const token = await world.provider.tokens.mint({ sub: `of${path}` });
      // A cached answer is an answer too.
      for (let round = 0; round < 2; round += 1)
        expect([path, (await world.get(path, token)).status]).toEqual([path, 200]);
    }
    const spans = await world.serverSpans();
    expect(spans.map(({ attributes }) => [attributes['user.id'], attributes['session.id']])).toEqual(
      PATHS.flatMap((path) => [1, 2].map(() => [`of${path}`, `session-of-of${path}`])),
    );
    expect(await reasonsOf(world)).toEqual([]);
  });

  test(`${script}: each bad token is one event with its reason, however it is verified`, async () => {
    await using world = await startLibraryApp(APP, script);
    const expected: unknown[] = [];
    for (const path of PATHS) {
      for (const { token, name, reason } of await world.provider.tokens.badTokens()) {
        expect((await world.get(path, token)).status, `${path} ${name}`).not.toBe(200);
        expected.push([path, name, reasonWith(path, reason, name)]);
      }
    }
    const spans = await world.serverSpans();
    const seen = spans.map(({ attributes, events }, index) => {
      const [event, ...others] = events.filter(({ name }) => name === 'oidc.token.rejected');
      expect(others).toEqual([]);
      expect(attributes).not.toHaveProperty('oidc.session.state');
      const [path, name] = Object(expected[index]);
      const reason = event?.attributes['oidc.token.rejection_reason'];
      const genuine = ['expired', 'not_yet_valid', 'wrong_audience', 'wrong_issuer'].includes(String(reason));
      // hapi's scheme looks at the claims before the signature: they are nobody's.
      expect([path, name, 'user.id' in Object(event?.attributes)]).toEqual([
        path,
        name,
        genuine && path !== '/hapi',
      ]);
      return [attributes['url.path'], name, reason];
    });
    expect(seen).toEqual(expected);
    expectSecretsKept(world);
  });
}

test('a token that is missing is rejected where one is needed', async () => {
  await using world = await startLibraryApp(APP, 'cjs.cjs');
  const paths = ['/plain', '/fastify', '/fastify-callback', '/hapi', '/hapi-token'];
  for (const path of paths) await world.get(path);
  expect(await reasonsOf(world)).toEqual(paths.map(() => 'missing'));
  expect((await world.get('/hapi-try')).status).toBe(200);
  expect(await reasonsOf(world)).toHaveLength(paths.length);
});

test('a token in a cookie is known, and one event where it is bad', async () => {
  await using world = await startLibraryApp(APP, 'cjs.cjs');
  const { tokens } = world.provider;
  const bad = await tokens.badTokens();
  for (const token of [await tokens.mint(), ...bad.map((each) => each.token)])
    await world.send('/fastify', { headers: { cookie: `token=${token}` } });
  expect(await reasonsOf(world)).toEqual(bad.map(({ reason }) => reasonWith('/fastify', reason, '')));
  const [good] = await world.serverSpans();
  expect(good?.attributes['user.id']).toBe('alice');
});

test('a token that the application does not trust is rejected, and it is known whose it was', async () => {
  await using world = await startLibraryApp(APP, 'cjs.cjs');
  const token = await world.provider.tokens.mint({ sub: 'revoked' });
  for (const path of ['/fastify', '/hapi']) expect((await world.get(path, token)).status).toBe(401);
  const events = await world.events('oidc.token.rejected');
  expect(
    events.map(({ attributes }) => [attributes['oidc.token.rejection_reason'], attributes['user.id']]),
  ).toEqual([
    ['revoked', 'revoked'],
    ['other', 'revoked'],
  ]);
});

test('a token that hapi does not verify binds nobody', async () => {
  await using world = await startLibraryApp(APP, 'cjs.cjs');
  expect((await world.get('/hapi-unverified', await world.provider.tokens.mint())).status).toBe(200);
  for (const { attributes } of await world.serverSpans()) expect(attributes).not.toHaveProperty('user.id');
});

test('a refusal that is cached is an event each time', async () => {
  await using world = await startLibraryApp(APP, 'cjs.cjs');
  const token = await world.provider.tokens.mint({}, { expiresIn: -600 });
  for (let round = 0; round < 3; round += 1) expect((await world.get('/cached', token)).status).toBe(401);
  expect(await reasonsOf(world)).toEqual(['expired', 'expired', 'expired']);
});

test('answers are the same without us', async () => {
  await compareWithout(
    APP,
    'cjs.cjs',
    async (world) => {
      const { tokens } = world.provider;
      for (const path of [...PATHS, '/hapi-try', '/hapi-unverified']) {
        await world.get(path, await tokens.mint());
        await world.get(path);
      }
      for (const path of ['/plain', '/promise', '/fastify', '/fastify-keys', '/hapi'])
        for (const { token } of await tokens.badTokens()) await world.get(path, token);
    },
    { random: [/\d{4}-\d\d-\d\dT[\d:.]+Z/g] },
  );
});
