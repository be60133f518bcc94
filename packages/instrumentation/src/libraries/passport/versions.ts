import type { LibraryVersions } from '../library.ts';

/** Where passport calls strategies, and where it ends logins. */
export const PASSPORT_VERSIONS: LibraryVersions = {
  name: 'passport',
  rows: [
    {
      majors: [0],
      files: [
        { path: 'lib/middleware/authenticate.js', format: 'commonjs' },
        { path: 'lib/sessionmanager.js', format: 'commonjs' },
      ],
      functions: ['authenticate', 'SessionManager.logOut'],
    },
  ],
};
