import type { LibraryVersions } from '../library.ts';

/** Where passport-oauth2 has the strategy that those for single providers extend. */
export const PASSPORT_OAUTH2_VERSIONS: LibraryVersions = {
  name: 'passport-oauth2',
  rows: [
    {
      majors: [1],
      files: [{ path: 'lib/strategy.js', format: 'commonjs' }],
      functions: ['Strategy.authenticate', 'Strategy._loadUserProfile'],
    },
  ],
};
