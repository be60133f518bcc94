/** The parts of import-in-the-middle 3 that have no types of their own. */
declare module 'import-in-the-middle/create-hook.mjs' {
  import type { LoadHook, LoadHookSync, ResolveHook, ResolveHookSync } from 'node:module';

  export interface Hook {
    applyOptions(options: { include?: (string | RegExp)[]; exclude?: (string | RegExp)[] }): void;
    resolve: ResolveHook;
    load: LoadHook;
    resolveSync: ResolveHookSync;
    loadSync: LoadHookSync;
  }

  export function createHook(meta: { url: string }): Hook;
  export function supportsSyncHooks(): boolean;
}
