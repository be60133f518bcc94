import type { LibraryVersions } from '../library.ts';

/** Where express-jwt makes its middleware. It verifies through jsonwebtoken. */
export const EXPRESS_JWT_VERSIONS: LibraryVersions = {
  name: 'express-jwt',
  rows: [
    { majors: [7, 8], files: [{ path: 'dist/index.js', format: 'commonjs' }], functions: ['expressjwt'] },
  ],
};
