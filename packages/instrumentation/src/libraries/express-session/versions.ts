import type { LibraryVersions } from '../library.ts';

/** Where express-session loads sessions, and where it keeps their methods. */
export const EXPRESS_SESSION_VERSIONS: LibraryVersions = {
  name: 'express-session',
  rows: [
    {
      majors: [1],
      files: [
        { path: 'index.js', format: 'commonjs' },
        { path: 'session/session.js', format: 'commonjs' },
      ],
      functions: ['session (the middleware)', 'Session.save', 'Session.regenerate', 'Session.destroy'],
    },
  ],
};
