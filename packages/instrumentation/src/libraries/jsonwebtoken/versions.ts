import type { LibraryVersions } from '../library.ts';

/** Where jsonwebtoken keeps `verify`. */
export const JSONWEBTOKEN_VERSIONS: LibraryVersions = {
  name: 'jsonwebtoken',
  rows: [{ majors: [8, 9], files: [{ path: 'verify.js', format: 'commonjs' }], functions: ['verify'] }],
};
