import type { LibraryVersions } from '../library.ts';

/** Where @nestjs/jwt keeps its service. It verifies through jsonwebtoken. */
export const NESTJS_JWT_VERSIONS: LibraryVersions = {
  name: '@nestjs/jwt',
  rows: [
    {
      majors: [10, 11],
      files: [{ path: 'dist/jwt.service.js', format: 'commonjs' }],
      functions: ['JwtService.verify', 'JwtService.verifyAsync'],
    },
    {
      majors: [12],
      files: [{ path: 'dist/jwt.service.js', format: 'esm' }],
      entries: ['dist/index.js'],
      functions: ['JwtService.verify', 'JwtService.verifyAsync'],
    },
  ],
};
