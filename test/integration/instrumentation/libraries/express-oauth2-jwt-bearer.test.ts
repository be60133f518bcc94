import { expect, test } from 'vitest';
import { compareWithout } from '../../../support/apps/compare-without.ts';
import { startLibraryApp, type LibraryWorld } from '../../../support/apps/library-world.ts';
import { expectNoSecrets } from '../../../support/apps/seen-events.ts';

const APP = 'express-5-auth';
const SCRIPT = 'api.mjs';

async function sendTokens(world: LibraryWorld): Promise<void> {
  const { tokens } = world.provider;
  const good = await tokens.mint();
  for (const path of ['/', '/orders', '/stock', '/any', '/admin', '/optional']) await world.get(path, good);
  await world.get('/admin', await tokens.mint({ admin: true }));
  for (const { token } of await tokens.badTokens()) await world.get('/', token);
  for (const path of ['/', '/optional']) await world.get(path);
}

test('a good token binds the request to its session', async () => {
  await using world = await startLibraryApp(APP, SCRIPT);
  const token = await world.provider.tokens.mint({ sub: 'ina', jti: 'the-id-of-inas-token' });
  for (const path of ['/', '/optional']) expect((await world.get(path, token)).status).toBe(200);
  for (const { attributes } of await world.serverSpans()) {
    expect(attributes).toMatchObject({
      'user.id': 'ina',
      'session.id': 'session-of-ina',
      'oidc.client_id': 'fixture',
      'oidc.token.type': 'access',
      'oidc.token.id': 'the-id-of-inas-token',
    });
  }
  expectNoSecrets(world);
});

test('each bad token is one event with its reason, and binds nothing, not even one with a good signature', async () => {
  await using world = await startLibraryApp(APP, SCRIPT);
  const bad = await world.provider.tokens.badTokens();
  const stale = await world.provider.tokens.mint({}, { alg: 'ES256' });
  const all = [...bad, { name: 'another algorithm', token: stale, reason: 'algorithm_not_allowed' }];
  for (const { token, name } of all) expect((await world.get('/', token)).status, name).toBe(401);
  await world.get('/');
  await world.send('/', { headers: { authorization: 'Bearer two words' } });
  const events = await world.events('oidc.token.rejected');
  expect(events.map(({ attributes }) => attributes['oidc.token.rejection_reason'])).toEqual([
    ...all.map(({ reason }) => reason),
    'missing',
    'malformed',
  ]);
  for (const { attributes } of await world.serverSpans()) {
    expect(attributes).not.toHaveProperty(['oidc.session.state']);
  }
  expectNoSecrets(world);
});

test('a bad token where none is required is still one that was presented', async () => {
  await using world = await startLibraryApp(APP, SCRIPT);
  const token = await world.provider.tokens.mint({ aud: 'urn:other:api' });
  expect((await world.get('/optional', token)).status).toBe(200);
  await world.get('/optional');
  expect(await world.events('oidc.token.rejected')).toHaveLength(1);
});

test('what a token does not reach is told with what it needs and what it holds', async () => {
  await using world = await startLibraryApp(APP, SCRIPT);
  const token = await world.provider.tokens.mint({ sub: 'ina' });
  expect((await world.get('/orders', token)).status).toBe(200);
  for (const path of ['/stock', '/any']) expect((await world.get(path, token)).status).toBe(403);
  expect((await world.get('/admin', token)).status).toBe(401);
  const failures = await world.events('oidc.authorization.failed');
  const held = { 'oidc.scope': ['openid', 'orders'], 'oidc.error': 'insufficient_scope', 'user.id': 'ina' };
  expect(failures.map(({ attributes }) => attributes)).toMatchObject([
    { ...held, 'oidc.scope.required': ['stock', 'orders'] },
    { ...held, 'oidc.scope.required': ['stock', 'books'] },
  ]);
  const [rejected, ...others] = await world.events('oidc.token.rejected');
  expect(others).toEqual([]);
  expect(rejected?.attributes).toMatchObject({
    'user.id': 'ina',
    'oidc.token.rejection_reason': 'invalid_claim',
  });
});

test('answers are the same without us', async () => {
  await compareWithout(APP, SCRIPT, sendTokens);
});
