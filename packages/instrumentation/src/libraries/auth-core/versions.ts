import type { LibraryVersions } from '../library.ts';

/** Where `@auth/core` keeps its actions. Its logins go through oauth4webapi and its cookies through jose. */
export const AUTH_CORE_VERSIONS: LibraryVersions = {
  name: '@auth/core',
  rows: [
    {
      majors: [0],
      files: [
        { path: 'lib/actions/signin/authorization-url.js', format: 'esm' },
        { path: 'lib/actions/callback/oauth/callback.js', format: 'esm' },
        { path: 'lib/actions/callback/index.js', format: 'esm' },
        { path: 'lib/actions/session.js', format: 'esm' },
        { path: 'lib/actions/signout.js', format: 'esm' },
      ],
      functions: ['getAuthorizationUrl', 'handleOAuth', 'callback', 'session', 'signOut'],
    },
  ],
};
