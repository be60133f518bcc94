import type { LibraryVersions } from '../library.ts';

/** Where openid-client keeps its functions. */
export const OPENID_CLIENT_VERSIONS: LibraryVersions = {
  name: 'openid-client',
  rows: [
    {
      majors: [6],
      files: [{ path: 'build/index.js', format: 'esm' }],
      functions: [
        'buildAuthorizationUrl',
        'buildAuthorizationUrlWithJAR',
        'buildAuthorizationUrlWithPAR',
        'authorizationCodeGrant',
        'refreshTokenGrant',
        'clientCredentialsGrant',
        'tokenRevocation',
        'tokenIntrospection',
        'buildEndSessionUrl',
      ],
    },
  ],
};
