import type { LibraryVersions } from '../library.ts';

/** Where passport-jwt has its strategy. It verifies through jsonwebtoken. */
export const PASSPORT_JWT_VERSIONS: LibraryVersions = {
  name: 'passport-jwt',
  rows: [
    {
      majors: [4],
      files: [{ path: 'lib/strategy.js', format: 'commonjs' }],
      functions: ['Strategy.authenticate'],
    },
  ],
};
