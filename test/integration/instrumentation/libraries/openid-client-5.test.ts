import { expect, test } from 'vitest';
import { compareWithout } from '../../../support/apps/compare-without.ts';
import { startLibraryApp } from '../../../support/apps/library-world.ts';
import { expectNoSecrets } from '../../../support/apps/seen-events.ts';
import { expectStory, liveThrough } from './login-story.ts';

const APP = 'openid-client-5';

test.each(['required.cjs', 'named.mjs'])('%s: a session from its login to its end', async (script) => {
  await using world = await startLibraryApp(APP, script);
  await liveThrough(world);
  await expectStory(world, { stateError: 'RPError' });
  expect(world.app.stderr).toBe('');
});

test('passport: its strategy logs in through a client', async () => {
  await using world = await startLibraryApp(APP, 'passport.cjs');
  const { page, browser } = await world.login('/login', 'alice');
  expect(page.body.toString()).toBe('{"subject":"alice"}');
  await browser.send(new URL('/callback?error=access_denied&state=of-nobody', world.url));

  const spans = await world.serverSpans();
  expect(spans.map(({ attributes }) => [attributes['url.path'], attributes['user.id']])).toEqual([
    ['/login', undefined],
    ['/callback', 'alice'],
    // Whoever was sent back again is still logged in here.
    ['/callback', 'alice'],
  ]);
  expect(spans.map(({ events }) => events.map(({ name }) => name))).toEqual([
    ['oidc.authorization.requested'],
    ['oidc.token.issued', 'oidc.session.started'],
    [],
  ]);
  expect(spans[1]?.events[0]?.attributes).toMatchObject({
    'oidc.scope.requested': ['openid', 'orders', 'stock'],
    'oidc.client_id': 'fixture',
  });
  expectNoSecrets(world);
});

test('answers are the same without us', async () => {
  await compareWithout(APP, 'required.cjs', liveThrough, { random: [/expected [\w-]{43}/] });
});
