import type { LibraryVersions } from '../library.ts';

/** Where koa-jwt makes its middleware, and where it tries its secrets. It verifies through jsonwebtoken. */
export const KOA_JWT_VERSIONS: LibraryVersions = {
  name: 'koa-jwt',
  rows: [
    {
      majors: [4],
      files: [
        { path: 'lib/index.js', format: 'commonjs' },
        { path: 'lib/verify.js', format: 'commonjs' },
      ],
      functions: ['jwt (the middleware)'],
    },
  ],
};
