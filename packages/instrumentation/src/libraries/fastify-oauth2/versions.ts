import type { LibraryVersions } from '../library.ts';

/** Where @fastify/oauth2 keeps its functions. The requests themselves are those of simple-oauth2. */
export const FASTIFY_OAUTH2_VERSIONS: LibraryVersions = {
  name: '@fastify/oauth2',
  rows: [
    {
      majors: [7, 8],
      files: [{ path: 'index.js', format: 'commonjs' }],
      functions: [
        'generateAuthorizationUri',
        'getAccessTokenFromAuthorizationCodeFlow',
        'getNewAccessTokenUsingRefreshToken',
        'revokeToken',
        'revokeAllToken',
      ],
    },
  ],
};
