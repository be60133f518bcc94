import Module, { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { guarded } from '../warning.ts';
import { memberOf } from '../attach/global-api.ts';
import type { Library } from './library.ts';
import { replacementsFor } from './wrap.ts';

/**
 * Hooks the libraries' files as CommonJS modules require them. They are ES modules, whose namespace cannot be changed:
 * the caller gets a copy of it, the same one each time.
 *
 * @param libraries - What to hook.
 */
export function hookRequires(libraries: readonly Library[]): void {
  const copies = new WeakMap<object, object>();
  const original: unknown = Reflect.get(Module.prototype, 'require');
  if (typeof original !== 'function') return;
  Module.prototype.require = function (this: NodeJS.Module, id: string): unknown {
    const exported: unknown = Reflect.apply(original, this, [id]);
    if (!mayMean(libraries, id)) return exported;
    return (
      guarded('REQUIRE_HOOK', () => patched(libraries, resolveFrom(this, id), exported, copies)) ?? exported
    );
  };
}

/** A cheap look at what was asked for: resolving each `require` of an application would cost it time. */
function mayMean(libraries: readonly Library[], id: unknown): id is string {
  return typeof id === 'string' && libraries.some(({ name }) => id.includes(name));
}

function resolveFrom(parent: NodeJS.Module, id: string): string {
  const filename = memberOf(parent, 'filename');
  const from = typeof filename === 'string' ? filename : `${process.cwd()}/`;
  return pathToFileURL(createRequire(from).resolve(id)).href;
}

function patched(
  libraries: readonly Library[],
  url: string,
  exported: unknown,
  copies: WeakMap<object, object>,
): object | undefined {
  if (typeof exported !== 'object' || exported === null) return undefined;
  const known = copies.get(exported);
  if (known !== undefined) return known;
  const library = libraries.find(({ files, entryFiles }) =>
    [...files, ...entryFiles].some((file) => file.test(url)),
  );
  if (library === undefined) return undefined;
  const replacements = replacementsFor(library, exported);
  if (replacements.size === 0) return undefined;
  const copy: object = Object.create(Object.getPrototypeOf(exported), {
    ...Object.getOwnPropertyDescriptors(exported),
    ...Object.fromEntries(
      [...replacements].map(([name, value]) => [name, { value, enumerable: true, writable: true }]),
    ),
  });
  copies.set(exported, copy);
  copies.set(copy, copy);
  return copy;
}
