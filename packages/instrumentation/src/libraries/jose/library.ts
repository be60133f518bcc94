import type { HookContext, Library } from '../library.ts';
import { JOSE_ENTRY_FILES, JOSE_FILES } from './files.ts';
import { observeJwtVerify } from './jwt-verify.ts';

/** The hooks of panva/jose. */
export function joseLibrary(context: HookContext): Library {
  return {
    name: 'jose',
    files: JOSE_FILES,
    entryFiles: JOSE_ENTRY_FILES,
    hooks: { jwtVerify: observeJwtVerify(context) },
  };
}
