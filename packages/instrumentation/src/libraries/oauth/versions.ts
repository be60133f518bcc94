import type { LibraryVersions } from '../library.ts';

/** Where the strategies of passport get their tokens. */
export const OAUTH_VERSIONS: LibraryVersions = {
  name: 'oauth',
  rows: [
    {
      majors: [0],
      files: [{ path: 'lib/oauth2.js', format: 'commonjs' }],
      functions: ['OAuth2.getOAuthAccessToken'],
    },
  ],
};
