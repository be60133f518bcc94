import Module from 'node:module';
import { sep } from 'node:path';
import { memberOf } from '../attach/global-api.ts';
import { guarded } from '../warning.ts';
import { RequiredFile } from './loaded-file.ts';
import type { Packages, SeenFile } from './packages.ts';
import type { LoadedLibrary } from './load-hooks.ts';

/**
 * Hooks the libraries' files as the CommonJS loader runs them, whoever asks for them: `require`, `import`, or a file of
 * the same package. An ES module that is required comes by here too.
 *
 * @param packages - What is known of the libraries.
 */
export function hookCommonJs(packages: Packages<LoadedLibrary>): void {
  // The CommonJS loader's own extension point; whatever else is in it (a compiler) is called first.
  const extensions: unknown = Reflect.get(Module, '_extensions');
  const original = memberOf(extensions, '.js');
  if (typeof extensions !== 'object' || extensions === null || typeof original !== 'function') return;
  Reflect.set(extensions, '.js', function (this: unknown, module: NodeJS.Module, filename: string): void {
    Reflect.apply(original, this, [module, filename]);
    guarded('REQUIRE_HOOK', () => {
      patchModule(packages, module, filename);
    });
  });
}

function patchModule(packages: Packages<LoadedLibrary>, module: NodeJS.Module, filename: string): void {
  const found = packages.see(sep === '/' ? filename : filename.replaceAll(sep, '/'));
  if (found === undefined) return;
  if (!isHooked(found)) return;
  found.versions.hooks.patch(new RequiredFile(found, module));
}

function isHooked({ versions, path }: SeenFile<LoadedLibrary>): boolean {
  return versions.rows.some(
    ({ files, entries }) => entries?.includes(path) === true || files.some((file) => file.path === path),
  );
}
