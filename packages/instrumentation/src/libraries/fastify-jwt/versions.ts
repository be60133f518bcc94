import type { LibraryVersions } from '../library.ts';

/** Where @fastify/jwt has its plugin. It verifies through fast-jwt. */
export const FASTIFY_JWT_VERSIONS: LibraryVersions = {
  name: '@fastify/jwt',
  rows: [
    { majors: [9], files: [{ path: 'jwt.js', format: 'commonjs' }], functions: ['request.jwtVerify'] },
    { majors: [10], files: [{ path: 'index.js', format: 'commonjs' }], functions: ['request.jwtVerify'] },
  ],
};
