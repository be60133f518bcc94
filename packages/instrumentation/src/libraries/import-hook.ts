import { register, registerHooks } from 'node:module';
import { addHook } from 'import-in-the-middle';
import { createHook, supportsSyncHooks } from 'import-in-the-middle/create-hook.mjs';
import { guarded } from '../warning.ts';
import type { Library } from './library.ts';
import type { LoaderThreadData } from './loader-thread.ts';
import { replacementsFor } from './wrap.ts';

const HOOK_MODULE = 'import-in-the-middle/hook.mjs';

/**
 * Hooks the libraries' files as ES modules import them.
 *
 * import-in-the-middle is restricted to these files, and it is given an instance of its own instead of its
 * process-wide registration: so it neither wraps what OpenTelemetry's instrumentations wrap, nor keeps them from
 * registering theirs.
 *
 * @param libraries - What to hook.
 */
export function hookImports(libraries: readonly Library[]): void {
  const include = libraries.flatMap(({ files }) => files);
  addHook((url, namespace) => {
    const library = libraryOf(libraries, url);
    if (library !== undefined) guarded('IMPORT_HOOK', () => replaceExports(library, namespace));
  });
  const hookUrl = import.meta.resolve(HOOK_MODULE);
  if (supportsSyncHooks()) {
    const hook = createHook({ url: hookUrl });
    hook.applyOptions({ include });
    registerHooks({ resolve: hook.resolveSync, load: hook.loadSync });
    return;
  }
  const data: LoaderThreadData = { hookUrl, include };
  register(new URL('./loader-thread.js', import.meta.url), { data });
}

function libraryOf(libraries: readonly Library[], url: string): Library | undefined {
  return libraries.find(({ files }) => files.some((file) => file.test(url)));
}

/** The namespace is import-in-the-middle's: writing to it changes what importers see. */
function replaceExports(library: Library, namespace: object): void {
  for (const [name, replacement] of replacementsFor(library, namespace))
    Reflect.set(namespace, name, replacement);
}
