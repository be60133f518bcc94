import type { LibraryVersions } from '../library.ts';

/**
 * Where jose keeps `jwtVerify` and `jwtDecrypt`. Versions 4 and 5 have a build for each module system, version 6 has one
 * for all; the main file and the subpaths (`jose/jwt/verify`) lead to the same modules.
 */
export const JOSE_VERSIONS: LibraryVersions = {
  name: 'jose',
  rows: [
    {
      majors: [4, 5],
      files: [
        { path: 'dist/node/cjs/jwt/verify.js', format: 'commonjs' },
        { path: 'dist/node/cjs/jwt/decrypt.js', format: 'commonjs' },
        { path: 'dist/node/esm/jwt/verify.js', format: 'esm' },
        { path: 'dist/node/esm/jwt/decrypt.js', format: 'esm' },
      ],
      functions: ['jwtVerify', 'jwtDecrypt'],
    },
    {
      majors: [6],
      files: [
        { path: 'dist/webapi/jwt/verify.js', format: 'esm' },
        { path: 'dist/webapi/jwt/decrypt.js', format: 'esm' },
      ],
      entries: ['dist/webapi/index.js'],
      functions: ['jwtVerify', 'jwtDecrypt'],
    },
  ],
};
