import { EXPRESS_OPENID_CONNECT_VERSIONS } from './express-openid-connect/versions.ts';
import { JOSE_VERSIONS } from './jose/versions.ts';
import type { LibraryVersions } from './library.ts';
import { OPENID_CLIENT_VERSIONS } from './openid-client/versions.ts';

/** What is covered of which library, without a hook loaded. */
export const LIBRARY_VERSIONS: readonly LibraryVersions[] = [
  EXPRESS_OPENID_CONNECT_VERSIONS,
  JOSE_VERSIONS,
  OPENID_CLIENT_VERSIONS,
];
