import type { LibraryVersions } from '../library.ts';

/** The file that defines what is `req.oidc` and `res.oidc`. */
export const CONTEXT_FILE = 'lib/context.js';
/** The file that checks the settings of `auth()`. */
export const CONFIG_FILE = 'lib/config.js';
/** The default check whether a session was ended by a back-channel logout. */
export const IS_LOGGED_OUT_FILE = 'lib/hooks/backchannelLogout/isLoggedOut.js';
/** What is done with the token of a back-channel logout, by default. */
export const ON_LOGOUT_TOKEN_FILE = 'lib/hooks/backchannelLogout/onLogoutToken.js';

/** Where express-openid-connect keeps its functions. */
export const EXPRESS_OPENID_CONNECT_VERSIONS: LibraryVersions = {
  name: 'express-openid-connect',
  rows: [
    {
      majors: [2, 3],
      files: [
        { path: CONTEXT_FILE, format: 'commonjs' },
        { path: CONFIG_FILE, format: 'commonjs' },
        { path: IS_LOGGED_OUT_FILE, format: 'commonjs' },
        { path: ON_LOGOUT_TOKEN_FILE, format: 'commonjs' },
      ],
      functions: [
        'auth',
        'res.oidc.login',
        'res.oidc.callback',
        'res.oidc.logout',
        'res.oidc.backchannelLogout',
        'req.oidc.accessToken.refresh',
      ],
    },
  ],
};
