import { expect, test } from 'vitest';
import { compareWithout } from '../../../support/apps/compare-without.ts';
import { startLibraryApp, type LibraryWorld } from '../../../support/apps/library-world.ts';
import type { Algorithm } from '../../../support/apps/token-mint.ts';

const APP = 'jose-6';
const ALGORITHMS: readonly Algorithm[] = ['RS256', 'ES256', 'EdDSA'];

/** Everything a resource server is sent, good and bad. */
async function sendTokens(world: LibraryWorld): Promise<void> {
  const { tokens } = world.provider;
  for (const alg of ALGORITHMS) await world.get('/', await tokens.mint({}, { alg }));
  for (const { token } of await tokens.badTokens()) await world.get('/', token);
  await world.get('/');
}

for (const script of ['esm.mjs', 'cjs.cjs']) {
  test(`${script}: a good token labels the server span`, async () => {
    await using world = await startLibraryApp(APP, script);
    for (const alg of ALGORITHMS) {
      const answer = await world.get('/', await world.provider.tokens.mint({ sub: `user-${alg}` }, { alg }));
      expect(answer.status).toBe(200);
    }
    const spans = await world.serverSpans();
    expect(spans.map(({ attributes }) => [attributes['user.id'], attributes['session.id']])).toEqual(
      ALGORITHMS.map((alg) => [`user-${alg}`, `session-of-user-${alg}`]),
    );
    for (const { attributes } of spans) {
      expect(attributes).toMatchObject({
        'oidc.session.state': 'active',
        'oidc.token.type': 'access',
      });
    }
    expect(await world.events('oidc.token.rejected')).toEqual([]);
  });

  test(`${script}: each bad token is one event with its reason`, async () => {
    await using world = await startLibraryApp(APP, script);
    const bad = await world.provider.tokens.badTokens();
    for (const { token, name } of bad) expect((await world.get('/', token)).status, name).toBe(401);
    const events = await world.events('oidc.token.rejected');
    expect(events.map(({ attributes }) => attributes['oidc.token.rejection_reason'])).toEqual(
      bad.map(({ reason }) => reason),
    );
    expect(new Set(events.map(({ span }) => span.spanId)).size).toBe(bad.length);
    for (const { attributes } of await world.serverSpans()) {
      expect(attributes).not.toHaveProperty('oidc.session.state');
    }
  });

  test(`${script}: answers are the same without us`, async () => {
    await compareWithout(APP, script, sendTokens);
  });
}
