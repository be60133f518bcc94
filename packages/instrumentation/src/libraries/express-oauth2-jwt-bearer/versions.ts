import type { LibraryVersions } from '../library.ts';

/** Where express-oauth2-jwt-bearer keeps its functions. */
export const EXPRESS_OAUTH2_JWT_BEARER_VERSIONS: LibraryVersions = {
  name: 'express-oauth2-jwt-bearer',
  rows: [
    {
      majors: [1],
      files: [{ path: 'dist/index.js', format: 'commonjs' }],
      functions: ['auth', 'requiredScopes', 'scopeIncludesAny', 'claimCheck', 'claimEquals', 'claimIncludes'],
    },
  ],
};
