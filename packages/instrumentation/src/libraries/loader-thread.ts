/**
 * Loader hooks for a Node whose synchronous ones do not suffice; they run on the loader's thread. Not
 * import-in-the-middle's own module of hooks: that is one per thread, and restricting it to our files would restrict it
 * for OpenTelemetry's instrumentations, which register it for all.
 */
import { createHook, type Hook } from 'import-in-the-middle/create-hook.mjs';
import { guarded } from '../warning.ts';
import { Catalogue } from './catalogue.ts';
import { unwrapped } from './foreign-wrapper.ts';
import type { LibraryVersions } from './library.ts';
import { Packages } from './packages.ts';

/** What {@link initialize} is told by the application's thread. */
export interface LoaderThreadData {
  /** URL of a module of import-in-the-middle, next to which it finds its parts. */
  readonly hookUrl: string;
  /** The files to hook. */
  readonly include: RegExp[];
  /** What is covered of which library. */
  readonly tables: LibraryVersions[];
}

let hook: Hook | undefined;
let included: readonly RegExp[] = [];
let packages: Packages<LibraryVersions> | undefined;

/** Called by Node when the hooks are registered. */
export function initialize({ hookUrl, include, tables }: LoaderThreadData): void {
  hook = createHook({ url: hookUrl });
  hook.applyOptions({ include });
  included = include;
  packages = new Packages(new Catalogue(tables));
}

/** Node's `resolve` hook. */
export const resolve: Hook['resolve'] = async (specifier, context, next) => {
  const resolved = await (hook === undefined
    ? next(specifier, context)
    : hook.resolve(specifier, context, async (...args) => {
        const found = await next(...args);
        return { ...found, url: unwrapped(found.url, included) };
      }));
  guarded('IMPORT_HOOK', () => packages?.see(resolved.url));
  return resolved;
};

/** Node's `load` hook. */
export const load: Hook['load'] = (url, context, next) =>
  hook === undefined ? next(url, context) : hook.load(url, context, next);
