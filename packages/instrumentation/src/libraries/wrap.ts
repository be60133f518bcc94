import { types } from 'node:util';
import { guarded, warnOnce } from '../warning.ts';
import type { CallObserver, Library, LibraryFunction, Observe } from './library.ts';

const wrappers = new WeakSet<object>();

/**
 * A function that does what `original` does and tells an observer.
 *
 * @param original - The library's function.
 * @param what - Name of the hook, for warnings.
 * @param observe - Begins the observation of a call.
 */
export function wrapFunction(original: LibraryFunction, what: string, observe: Observe): LibraryFunction {
  const wrapper = function (this: unknown, ...args: unknown[]): unknown {
    const observer = guarded(what, () => observe(args));
    let result: unknown;
    try {
      result = Reflect.apply(original, this, args);
    } catch (error) {
      tellFailure(observer, what, error);
      throw error;
    }
    if (!types.isPromise(result)) {
      guarded(what, () => observer?.succeeded(result));
      return result;
    }
    // What is returned is the derived promise: the session is bound before the application goes on, and a rejection
    // that nobody handles is still reported as unhandled.
    return result.then(
      (value: unknown) => {
        guarded(what, () => observer?.succeeded(value));
        return value;
      },
      (error: unknown) => {
        tellFailure(observer, what, error);
        throw error;
      },
    );
  };
  for (const key of Reflect.ownKeys(original)) {
    const descriptor = Object.getOwnPropertyDescriptor(original, key);
    if (key !== 'prototype' && descriptor !== undefined) Reflect.defineProperty(wrapper, key, descriptor);
  }
  wrappers.add(wrapper);
  return wrapper;
}

function tellFailure(observer: CallObserver | undefined, what: string, error: unknown): void {
  guarded(what, () => observer?.failed(error));
}

/**
 * The replacements for the functions of a library that a module exports; those that are wrapped already (one module
 * re-exports another's) are left out.
 *
 * @param library - The library.
 * @param exported - The module's exports.
 */
export function replacementsFor(library: Library, exported: object): Map<string, LibraryFunction> {
  const replacements = new Map<string, LibraryFunction>();
  for (const [name, observe] of Object.entries(library.hooks)) {
    const original: unknown = Reflect.get(exported, name);
    if (!isFunction(original)) {
      warnAboutMissing(library, name);
      continue;
    }
    if (wrappers.has(original)) continue;
    replacements.set(name, wrapFunction(original, hookName(library, name), observe));
  }
  return replacements;
}

function warnAboutMissing(library: Library, name: string): void {
  warnOnce(
    `SPANLEDGER_MISSING_${hookName(library, name)}`,
    `Spanledger does not find ${name} in this version of ${library.name} (covered: ${library.versions}). What it does is not recorded.`,
  );
}

function hookName(library: Library, name: string): string {
  return `${library.name}_${name}`.replaceAll(/\W+/g, '_').toUpperCase();
}

function isFunction(value: unknown): value is LibraryFunction {
  return typeof value === 'function';
}
