import type { LibraryVersions } from '../library.ts';

/** Where next-auth keeps its routes. Its logins go through openid-client 5 and its cookies through jose 4. */
export const NEXT_AUTH_VERSIONS: LibraryVersions = {
  name: 'next-auth',
  rows: [
    {
      majors: [4],
      files: [
        { path: 'core/lib/oauth/callback.js', format: 'commonjs' },
        { path: 'core/routes/callback.js', format: 'commonjs' },
        { path: 'core/routes/session.js', format: 'commonjs' },
        { path: 'core/routes/signout.js', format: 'commonjs' },
      ],
      functions: ['oAuthCallback', 'callback', 'session', 'signout'],
    },
  ],
};
