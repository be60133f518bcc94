import type { LibraryVersions } from '../library.ts';

/** Where openid-client keeps its functions: methods of the class of clients until version 5. */
export const OPENID_CLIENT_VERSIONS: LibraryVersions = {
  name: 'openid-client',
  rows: [
    {
      majors: [5],
      files: [
        { path: 'lib/client.js', format: 'commonjs' },
        { path: 'lib/device_flow_handle.js', format: 'commonjs' },
      ],
      functions: [
        'authorizationUrl',
        'authorizationPost',
        'pushedAuthorizationRequest',
        'callback',
        'oauthCallback',
        'poll',
        'refresh',
        'grant',
        'revoke',
        'introspect',
        'userinfo',
        'endSessionUrl',
      ],
    },
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
        'fetchUserInfo',
        'implicitAuthentication',
      ],
    },
  ],
};
