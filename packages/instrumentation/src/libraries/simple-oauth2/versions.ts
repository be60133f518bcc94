import type { LibraryVersions } from '../library.ts';

/** The files in which functions are hooked. */
export const SIMPLE_OAUTH2_FILES = {
  authorizationCode: 'lib/authorization-code-grant-type.js',
  clientCredentials: 'lib/client-credentials-grant-type.js',
  password: 'lib/resource-owner-password-grant-type.js',
  accessToken: 'lib/access-token.js',
} as const;

/** Where simple-oauth2 keeps its functions. */
export const SIMPLE_OAUTH2_VERSIONS: LibraryVersions = {
  name: 'simple-oauth2',
  rows: [
    {
      majors: [5],
      files: Object.values(SIMPLE_OAUTH2_FILES).map((path) => ({ path, format: 'commonjs' })),
      functions: [
        'AuthorizationCode.authorizeURL',
        'AuthorizationCode.getToken',
        'ClientCredentials.getToken',
        'ResourceOwnerPassword.getToken',
        'AccessToken.refresh',
        'AccessToken.revoke',
        'AccessToken.revokeAll',
      ],
    },
  ],
};
