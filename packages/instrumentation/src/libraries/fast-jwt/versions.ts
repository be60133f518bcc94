import type { LibraryVersions } from '../library.ts';

/** Where fast-jwt makes its verifiers. */
export const FAST_JWT_VERSIONS: LibraryVersions = {
  name: 'fast-jwt',
  rows: [
    {
      majors: [4, 5, 6],
      files: [{ path: 'src/verifier.js', format: 'commonjs' }],
      functions: ['createVerifier (what it makes)'],
    },
  ],
};
