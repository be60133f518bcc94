import type { LibraryVersions } from '../library.ts';

/** Where passport-openidconnect has its strategy. */
export const PASSPORT_OPENIDCONNECT_VERSIONS: LibraryVersions = {
  name: 'passport-openidconnect',
  rows: [
    {
      majors: [0],
      files: [{ path: 'lib/strategy.js', format: 'commonjs' }],
      functions: ['Strategy.authenticate', 'Strategy._shouldLoadUserProfile'],
    },
  ],
};
