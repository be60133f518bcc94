import Module from 'node:module';
import { addHook } from 'import-in-the-middle';
import { createHook, supportsSyncHooks } from 'import-in-the-middle/create-hook.mjs';
import { guarded } from '../warning.ts';
import { hookedFiles } from './catalogue.ts';
import { unwrapped } from './foreign-wrapper.ts';
import type { LibraryVersions } from './library.ts';
import type { LoadedLibrary } from './load-hooks.ts';
import { ImportedFile } from './loaded-file.ts';
import type { LoaderThreadData } from './loader-thread.ts';
import type { Packages } from './packages.ts';

const HOOK_MODULE = 'import-in-the-middle/hook.mjs';

/**
 * Hooks the libraries' files as ES modules import them.
 *
 * import-in-the-middle is restricted to these files, and it is given an instance of its own instead of its
 * process-wide registration: so it neither wraps what OpenTelemetry's instrumentations wrap, nor keeps them from
 * registering theirs.
 *
 * @param packages - What is known of the libraries.
 * @param tables - Their tables.
 */
export function hookImports(packages: Packages<LoadedLibrary>, tables: readonly LibraryVersions[]): void {
  const include = tables.map(filesPattern).filter((pattern) => pattern !== undefined);
  addHook((url, namespace) => {
    guarded('IMPORT_HOOK', () => {
      const found = packages.see(url);
      if (found === undefined || !hookedFiles(found.versions, 'esm').includes(found.path)) return;
      found.versions.hooks.patch(new ImportedFile(found, namespace));
    });
  });
  const hookUrl = import.meta.resolve(HOOK_MODULE);
  if (supportsSyncHooks()) {
    const hook = createHook({ url: hookUrl });
    hook.applyOptions({ include });
    Module.registerHooks({
      resolve: (specifier, context, next) => {
        const resolved = hook.resolveSync(specifier, context, (...args) => {
          const found = next(...args);
          return { ...found, url: unwrapped(found.url, include) };
        });
        guarded('IMPORT_HOOK', () => packages.see(resolved.url));
        return resolved;
      },
      load: hook.loadSync,
    });
    return;
  }
  const data: LoaderThreadData = { hookUrl, include, tables: [...tables] };
  Module.register(new URL('./loader-thread.js', import.meta.url), { data });
}

/** The end of the URLs of a library's ES modules. */
function filesPattern(versions: LibraryVersions): RegExp | undefined {
  const files = hookedFiles(versions, 'esm');
  if (files.length === 0) return undefined;
  const paths = files.map(escapePattern).join('|');
  return new RegExp(`/node_modules/${escapePattern(versions.name)}/(?:${paths})$`);
}

function escapePattern(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
}
