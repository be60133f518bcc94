import { expect, test } from 'vitest';
import { compareWithout } from '../../../support/apps/compare-without.ts';
import { startLibraryApp, type LibraryWorld } from '../../../support/apps/library-world.ts';
import { expectSecretsKept } from '../../../support/apps/secrets-kept.ts';

const APP = 'older-jwt';
const SCRIPT = 'cjs.cjs';
const PATHS = ['/nest', '/fastify', '/passport'];

async function sendTokens(world: LibraryWorld): Promise<string[]> {
  const expected: string[] = [];
  for (const path of PATHS) {
    await world.get(path, await world.provider.tokens.mint({ sub: `of${path}` }));
    expected.push(`${path} of${path}`);
    for (const { token, reason } of await world.provider.tokens.badTokens()) {
      await world.get(path, token);
      expected.push(`${path} ${reason === 'unknown_key' ? 'bad_signature' : reason}`);
    }
    await world.get(path);
    expected.push(`${path} missing`);
  }
  return expected;
}

test('@nestjs/jwt 11, @fastify/jwt 9 and passport 0.6: good tokens label, each bad one is one event', async () => {
  await using world = await startLibraryApp(APP, SCRIPT);
  const expected = await sendTokens(world);
  const seen = (await world.serverSpans()).map(({ attributes, events }) => {
    const reasons = events
      .filter(({ name }) => name === 'oidc.token.rejected')
      .map((event) => event.attributes['oidc.token.rejection_reason']);
    const user = attributes['user.id'] === undefined ? [] : [attributes['user.id']];
    return [attributes['url.path'], ...user, ...reasons].join(' ');
  });
  expect(seen).toEqual(expected);
  expectSecretsKept(world);
});

test('passport 0.6: a logout ends the session of the request', async () => {
  await using world = await startLibraryApp(APP, SCRIPT);
  expect((await world.get('/logout', await world.provider.tokens.mint())).body.toString()).toBe('bye');
  const [ended] = await world.events('oidc.session.ended');
  expect(ended?.attributes).toMatchObject({ 'user.id': 'alice', 'oidc.session.end_reason': 'logout' });
});

test('answers are the same without us', async () => {
  await compareWithout(
    APP,
    SCRIPT,
    async (world) => {
      await sendTokens(world);
    },
    { random: [/\d{4}-\d\d-\d\dT[\d:.]+Z/g] },
  );
});
