import type { LibraryVersions } from '../library.ts';

/** The files in which functions are hooked. */
export const KEYCLOAK_FILES = {
  keycloak: 'keycloak.js',
  grantManager: 'middleware/auth-utils/grant-manager.js',
  signature: 'middleware/auth-utils/signature.js',
  postAuth: 'middleware/post-auth.js',
  protect: 'middleware/protect.js',
  enforcer: 'middleware/enforcer.js',
  logout: 'middleware/logout.js',
} as const;

/** Where keycloak-connect keeps its functions. */
export const KEYCLOAK_CONNECT_VERSIONS: LibraryVersions = {
  name: 'keycloak-connect',
  rows: [
    {
      majors: [25, 26],
      files: Object.values(KEYCLOAK_FILES).map((path) => ({ path, format: 'commonjs' })),
      functions: [
        'loginUrl',
        'obtainFromCode',
        'obtainDirectly',
        'obtainFromClientCredentials',
        'ensureFreshness',
        'validateToken',
        'validateGrant',
        'validateAccessToken',
        'protect',
        'enforcer',
        'logout',
        'k_logout',
      ],
    },
  ],
};
