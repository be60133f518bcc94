import { expect, test } from 'vitest';
import { compareWithout } from '../../../support/apps/compare-without.ts';
import { startLibraryApp, type LibraryWorld } from '../../../support/apps/library-world.ts';
import { expectStory, liveThrough } from './login-story.ts';

const SCRIPT = 'oauth4webapi/app.mjs';
const APPS = [
  ['version 2', 'jose-5', 'OperationProcessingError'],
  ['version 3', 'openid-client-6', 'OAUTH_INVALID_RESPONSE'],
] as const;

test.each(APPS)('%s: a session from its login to its end', async (_version, app, stateError) => {
  await using world = await startLibraryApp(app, SCRIPT);
  await liveThrough(world);
  await expectStory(world, { stateError, authorizations: false });
  expect(world.app.stderr).toBe('');
});

/** Asks the API with good tokens and bad ones. */
async function askApi(world: LibraryWorld): Promise<void> {
  const { tokens } = world.provider;
  await world.get('/api', await tokens.mint({ sub: 'alice' }));
  for (const { token } of await tokens.badTokens()) await world.get('/api', token);
  await world.get('/api');
}

test.each(APPS)('%s: access tokens', async (_version, app) => {
  await using world = await startLibraryApp(app, SCRIPT);
  const { tokens } = world.provider;
  const good = await world.get('/api', await tokens.mint({ sub: 'alice' }));
  expect(good.body.toString()).toBe('{"subject":"alice"}');
  const bad = await tokens.badTokens();
  for (const { token, name } of bad) expect((await world.get('/api', token)).status, name).toBe(500);

  const [first, ...others] = await world.serverSpans();
  expect(first?.attributes).toMatchObject({ 'session.id': 'session-of-alice', 'oidc.token.type': 'access' });
  expect(first?.events).toEqual([]);
  expect(others.map(({ attributes }) => attributes['session.id'])).toEqual(bad.map(() => undefined));
  const reasons = others.map(({ events }) =>
    events.map(({ attributes }) => attributes['oidc.token.rejection_reason']),
  );
  expect(Object.fromEntries(bad.map(({ name }, index) => [name, reasons[index]]))).toEqual(
    Object.fromEntries(bad.map(({ name, reason }) => [name, [reason]])),
  );
});

test.each(APPS)('%s: answers are the same without us', async (_version, app) => {
  await compareWithout(app, SCRIPT, async (world) => {
    await liveThrough(world);
    await askApi(world);
  });
});
