import { test } from 'vitest';
import { compareWithout } from '../../../support/apps/compare-without.ts';
import { startLibraryApp, type LibraryAppOptions } from '../../../support/apps/library-world.ts';
import { beRefused, expectVisit, visit } from './auth-story.ts';

const APP = 'openid-client-5';
const SCRIPT = 'next-auth.cjs';
const PAGES = { base: '/api/auth' };
const OPTIONS: LibraryAppOptions = {
  client: (url) => ({ redirectUris: [`${url}/api/auth/callback/fixture`] }),
};

test('a session lives in a cookie', async () => {
  await using world = await startLibraryApp(APP, SCRIPT, OPTIONS);
  await visit(world, PAGES);
  await beRefused(world, PAGES);
  await expectVisit(world, PAGES);
});

test('answers are the same without us', async () => {
  await compareWithout(
    APP,
    SCRIPT,
    async (world) => {
      await visit(world, PAGES);
      await beRefused(world, PAGES);
    },
    { ...OPTIONS, random: [/"csrfToken":"\w+"/, /"expires":"[^"]+"/] },
  );
});
