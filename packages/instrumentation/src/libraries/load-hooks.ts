import { guarded } from '../warning.ts';
import { Catalogue } from './catalogue.ts';
import { hookCommonJs } from './commonjs-hook.ts';
import { hookImports } from './import-hook.ts';
import type { Library, LibraryVersions } from './library.ts';
import { Packages } from './packages.ts';

/** A table of versions, with the hooks that go with it. */
export interface LoadedLibrary extends LibraryVersions {
  readonly hooks: Library;
}

/**
 * Hooks the libraries, however the application loads them.
 *
 * @param libraries - What to hook.
 */
export function hookLibraries(libraries: readonly Library[]): void {
  const packages = new Packages<LoadedLibrary>(
    new Catalogue(libraries.map((library) => ({ ...library.versions, hooks: library }))),
  );
  guarded('IMPORT_HOOKS', () => {
    hookImports(
      packages,
      libraries.map(({ versions }) => versions),
    );
  });
  guarded('REQUIRE_HOOKS', () => {
    hookCommonJs(packages);
  });
}
