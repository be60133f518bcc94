import { types } from 'node:util';
import { guarded, warnOnce } from '../warning.ts';
import type { CallObserver, LibraryFunction, LoadedFile, Observe } from './library.ts';
import { put } from './loaded-file.ts';

const wrappers = new WeakSet<object>();

/** How a function gives its result. */
export interface WrapOptions {
  /** Whether a function given as the last argument gets `(error, result)`; without one the result is returned. */
  readonly callback?: boolean;
}

/**
 * A function that does what `original` does and tells an observer.
 *
 * @param original - The library's function.
 * @param what - Name of the hook, for warnings: `JOSE_JWT_VERIFY`.
 * @param observe - Begins the observation of a call.
 * @param options - How it gives its result.
 */
export function wrapFunction(
  original: LibraryFunction,
  what: string,
  observe: Observe,
  options: WrapOptions = {},
): LibraryFunction {
  const wrapper = function (this: unknown, ...args: unknown[]): unknown {
    const observer = guarded(what, () => observe(args, this));
    if (observer === undefined) return Reflect.apply(original, this, args);
    const callback = options.callback === true ? args.at(-1) : undefined;
    const waits = typeof callback === 'function';
    if (waits) args[args.length - 1] = observedCallback(callback, observer, what);
    let result: unknown;
    try {
      result = Reflect.apply(original, this, args);
    } catch (error) {
      tellFailure(observer, what, error);
      throw error;
    }
    if (waits) return result;
    if (!types.isPromise(result)) {
      guarded(what, () => {
        observer.succeeded(result);
      });
      return result;
    }
    // What is returned is the derived promise: the session is bound before the application goes on, and a rejection
    // that nobody handles is still reported as unhandled.
    return result.then(
      (value: unknown) => {
        guarded(what, () => {
          observer.succeeded(value);
        });
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

/** Node's convention: the error first, if there is one. */
function observedCallback(callback: object, observer: CallObserver, what: string): LibraryFunction {
  return function (this: unknown, ...args: unknown[]): unknown {
    const [error, result] = args;
    if (error === null || error === undefined) {
      guarded(what, () => {
        observer.succeeded(result);
      });
    } else {
      tellFailure(observer, what, error);
    }
    if (typeof callback !== 'function') return undefined;
    const returned: unknown = Reflect.apply(callback, this, args);
    return returned;
  };
}

function tellFailure(observer: CallObserver, what: string, error: unknown): void {
  guarded(what, () => {
    observer.failed(error);
  });
}

/** Marks a function that a hook made itself as one that must not be wrapped again. */
export function markWrapped(wrapper: object): void {
  wrappers.add(wrapper);
}

/** Whether a hook has made this function. */
export function isWrapped(value: unknown): boolean {
  return isFunction(value) && wrappers.has(value);
}

/**
 * Wraps an exported function of a file.
 *
 * @param file - The file.
 * @param name - The export.
 * @param observe - Begins the observation of a call.
 * @param options - How it gives its result.
 */
export function wrapExport(file: LoadedFile, name: string, observe: Observe, options?: WrapOptions): void {
  const original = functionOf(file.exports, name);
  if (original === undefined) warnAboutMissing(file, name);
  else if (!wrappers.has(original))
    file.set(name, wrapFunction(original, hookName(file, name), observe, options));
}

/**
 * Wraps a method where it is defined: on a prototype, or on an object that a library shares.
 *
 * @param file - The file that it comes from.
 * @param target - The prototype or object; whatever a changed library may have there instead.
 * @param name - The method.
 * @param observe - Begins the observation of a call.
 * @param options - How it gives its result.
 */
export function wrapMethod(
  file: LoadedFile,
  target: unknown,
  name: string,
  observe: Observe,
  options?: WrapOptions,
): void {
  const original = functionOf(target, name);
  if (original === undefined || !isObject(target)) {
    warnAboutMissing(file, name);
    return;
  }
  if (wrappers.has(original)) return;
  if (!put(target, name, wrapFunction(original, hookName(file, name), observe, options)))
    warnAboutMissing(file, name);
}

/** Tells the operator that something is not where the table of versions says. */
export function warnAboutMissing(file: LoadedFile, name: string): void {
  warnOnce(
    `SPANLEDGER_MISSING_${hookName(file, name)}`,
    `Spanledger does not find ${name} in ${file.path} of ${file.library} ${file.version ?? ''}. What it does is not recorded.`,
  );
}

/** The name of a hook in warnings: `JOSE_JWTVERIFY`. */
export function hookName(file: LoadedFile, name: string): string {
  return `${file.library}_${name}`.replaceAll(/\W+/g, '_').toUpperCase();
}

function functionOf(target: unknown, name: string): LibraryFunction | undefined {
  if (!isObject(target)) return undefined;
  const value: unknown = Reflect.get(target, name);
  return isFunction(value) ? value : undefined;
}

function isObject(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function';
}

function isFunction(value: unknown): value is LibraryFunction {
  return typeof value === 'function';
}
