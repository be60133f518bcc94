import type { LibraryVersions } from '../library.ts';

/** The file that defines the provider. */
export const PROVIDER_FILE = 'lib/provider.js';
/** The file of the introspection endpoint, of whose success there is no event. */
export const INTROSPECTION_FILE = 'lib/actions/introspection.js';

const FUNCTIONS = ['Provider.emit', 'introspection'];

/** Where oidc-provider keeps its functions. */
export const OIDC_PROVIDER_VERSIONS: LibraryVersions = {
  name: 'oidc-provider',
  rows: [
    {
      majors: [7],
      files: [
        { path: PROVIDER_FILE, format: 'commonjs' },
        { path: INTROSPECTION_FILE, format: 'commonjs' },
      ],
      functions: FUNCTIONS,
    },
    {
      majors: [8, 9],
      files: [
        { path: PROVIDER_FILE, format: 'esm' },
        { path: INTROSPECTION_FILE, format: 'esm' },
      ],
      functions: FUNCTIONS,
    },
  ],
};
