import type { LibraryVersions } from '../library.ts';

/** Where @hapi/jwt verifies tokens, and where it has its authentication scheme. */
export const HAPI_JWT_VERSIONS: LibraryVersions = {
  name: '@hapi/jwt',
  rows: [
    {
      majors: [3],
      files: [
        { path: 'lib/token.js', format: 'commonjs' },
        { path: 'lib/plugin.js', format: 'commonjs' },
      ],
      functions: [
        'token.decode',
        'token.verify',
        'token.verifySignature',
        'token.verifyPayload',
        'the scheme jwt',
      ],
    },
  ],
};
