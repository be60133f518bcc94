import Module from 'node:module';
import { extname, sep } from 'node:path';
import { memberOf } from '../attach/global-api.ts';
import { guarded } from '../warning.ts';
import type { LibraryFunction } from './library.ts';
import { put, RequiredFile } from './loaded-file.ts';
import type { Packages, SeenFile } from './packages.ts';
import { majorOf, rowOf } from './catalogue.ts';
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
  if (!isTable(extensions) || !isFunction(original)) return;
  const ours = new WeakSet<object>();
  const hook = (handler: LibraryFunction): LibraryFunction => {
    const hooked = function (this: unknown, ...args: unknown[]): void {
      Reflect.apply(handler, this, args);
      const [module, filename] = args;
      guarded('REQUIRE_HOOK', () => {
        if (isModule(module) && typeof filename === 'string') patchModule(packages, module, filename);
      });
    };
    ours.add(hooked);
    return hooked;
  };
  extensions['.js'] = hook(original);
  hookLoad((filename) => {
    const extension = isFunction(extensions[extname(filename)]) ? extname(filename) : '.js';
    const handler = extensions[extension];
    if (!isFunction(handler) || ours.has(handler) || seeHooked(packages, filename) === undefined)
      return undefined;
    const hooked = hook(handler);
    extensions[extension] = hooked;
    return () => {
      if (extensions[extension] === hooked) extensions[extension] = handler;
    };
  });
}

/**
 * A compiler that comes after us (tsx) may put its own handler in the place of ours and never call it: then ours goes
 * around it for as long as a file of a library is being loaded, and no longer, since compilers look for their own when
 * they take themselves out. Not after the load: what an `import` of the file gives is settled in it.
 *
 * @param before - Prepares the load of a file; what it returns is called after it.
 */
function hookLoad(before: (filename: string) => (() => void) | undefined): void {
  const load = memberOf(Module.prototype, 'load');
  if (!isFunction(load)) return;
  put(Module.prototype, 'load', function (this: unknown, filename: string): unknown {
    const after = guarded('REQUIRE_HOOK', () => before(filename));
    if (after === undefined) return Reflect.apply(load, this, [filename]);
    try {
      return Reflect.apply(load, this, [filename]);
    } finally {
      guarded('REQUIRE_HOOK', after);
    }
  });
}

function isModule(value: unknown): value is { exports: unknown } {
  return typeof value === 'object' && value !== null && 'exports' in value;
}

function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function isFunction(value: unknown): value is LibraryFunction {
  return typeof value === 'function';
}

function patchModule(
  packages: Packages<LoadedLibrary>,
  module: { exports: unknown },
  filename: string,
): void {
  const found = seeHooked(packages, filename);
  found?.versions.hooks.patch(new RequiredFile(found, module));
}

function seeHooked(packages: Packages<LoadedLibrary>, filename: string): SeenFile<LoadedLibrary> | undefined {
  const found = packages.see(sep === '/' ? filename : filename.replaceAll(sep, '/'));
  return found !== undefined && isHooked(found) ? found : undefined;
}

/** Of a version that no row covers, files that are where some version has them are hooked all the same. */
function isHooked({ versions, version, path }: SeenFile<LoadedLibrary>): boolean {
  const row = rowOf(versions, majorOf(version));
  return (row === undefined ? versions.rows : [row]).some(
    ({ files, entries }) => entries?.includes(path) === true || files.some((file) => file.path === path),
  );
}
