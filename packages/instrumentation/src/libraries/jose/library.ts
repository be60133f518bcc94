import type { HookContext, Library } from '../library.ts';
import { JOSE_ENTRY_FILES, JOSE_FILES, JOSE_VERSIONS } from './files.ts';
import { observeJwtVerify } from './jwt-verify.ts';

/** The hooks of panva/jose. */
export function joseLibrary(context: HookContext): Library {
  return {
    name: 'jose',
    versions: JOSE_VERSIONS,
    files: JOSE_FILES,
    entryFiles: JOSE_ENTRY_FILES,
    hooks: { jwtVerify: observeJwtVerify(context) },
  };
}
