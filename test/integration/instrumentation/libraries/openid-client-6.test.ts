import { expect, test } from 'vitest';
import { compareWithout } from '../../../support/apps/compare-without.ts';
import { startLibraryApp } from '../../../support/apps/library-world.ts';
import { expectStory, liveThrough } from './login-story.ts';

const APP = 'openid-client-6';

test.each(['namespace.mjs', 'named.mjs', 'required.cjs', 'dynamic.cjs'])(
  '%s: a session from its login to its end',
  async (script) => {
    await using world = await startLibraryApp(APP, script);
    await liveThrough(world);
    await expectStory(world, { stateError: 'OAUTH_INVALID_RESPONSE' });
    expect(world.app.stderr).toBe('');
  },
);

test('answers are the same without us', async () => {
  await compareWithout(APP, 'named.mjs', liveThrough);
});
