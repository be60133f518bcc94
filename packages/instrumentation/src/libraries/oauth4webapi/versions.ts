import type { LibraryVersions } from '../library.ts';

const FILE = { path: 'build/index.js', format: 'esm' } as const;

const FUNCTIONS = [
  'validateAuthResponse',
  'authorizationCodeGrantRequest',
  'refreshTokenGrantRequest',
  'processRefreshTokenResponse',
  'clientCredentialsGrantRequest',
  'processClientCredentialsResponse',
  'deviceCodeGrantRequest',
  'processDeviceCodeResponse',
  'introspectionRequest',
  'processIntrospectionResponse',
  'revocationRequest',
  'processRevocationResponse',
  'userInfoRequest',
  'processUserInfoResponse',
];

/** Where oauth4webapi keeps its functions. Those of later minor versions are observed too where they are. */
export const OAUTH4WEBAPI_VERSIONS: LibraryVersions = {
  name: 'oauth4webapi',
  rows: [
    {
      majors: [2],
      files: [FILE],
      functions: [
        ...FUNCTIONS,
        'processAuthorizationCodeOpenIDResponse',
        'processAuthorizationCodeOAuth2Response',
      ],
    },
    {
      majors: [3],
      files: [FILE],
      functions: [...FUNCTIONS, 'processAuthorizationCodeResponse', 'validateJwtAccessToken'],
    },
  ],
};
