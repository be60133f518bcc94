import { types } from 'node:util';
import { guarded, warnOnce } from '../warning.ts';
import type { CallObserver, LibraryFunction, LoadedFile, Observe } from './library.ts';
import { put } from './loaded-file.ts';

const wrappers = new WeakSet<object>();

/** What was made of an exported function: modules that export the same one are given the same. */
const exported = new WeakMap<object, { readonly observe: Observe; readonly wrapper: LibraryFunction }>();

/** The name of a CommonJS file's only export. */
export const MODULE_EXPORTS = 'module.exports';

/** How a function gives its result. */
export interface WrapOptions {
  /** Whether the last function among the arguments gets `(error, result)`; without one the result is returned. */
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
    const begun = guarded(what, () => observe(args, this));
    if (begun === undefined) return Reflect.apply(original, this, args);
    const observer = once(begun, what);
    const index = options.callback === true ? args.findLastIndex(isFunction) : -1;
    if (index !== -1) args[index] = observedCallback(args[index], observer);
    let result: unknown;
    try {
      result = Reflect.apply(original, this, args);
    } catch (error) {
      observer.failed(error);
      throw error;
    }
    if (!types.isPromise(result)) {
      if (index === -1) observer.succeeded(result);
      return result;
    }
    // What is returned is the derived promise: the session is bound before the application goes on, and a rejection
    // that nobody handles is still reported as unhandled.
    return result.then(
      (value: unknown) => {
        if (index === -1) observer.succeeded(value);
        return value;
      },
      (error: unknown) => {
        observer.failed(error);
        throw error;
      },
    );
  };
  return likeOriginal(wrapper, original);
}

/**
 * A function that makes what `original` makes, but of a function that it makes, the calls are observed.
 *
 * @param original - The library's factory.
 * @param what - Name of the hook, for warnings.
 * @param observerOf - Says how the calls are observed, from the arguments that the factory was given.
 * @param options - How a call gives its result.
 */
function wrapFactoryFunction(
  original: LibraryFunction,
  what: string,
  observerOf: (args: readonly unknown[]) => Observe,
  options: WrapOptions = {},
): LibraryFunction {
  const wrapper = function (this: unknown, ...args: unknown[]): unknown {
    const product: unknown = Reflect.apply(original, this, args);
    if (!isFunction(product)) return product;
    return guarded(what, () => wrapFunction(product, what, observerOf(args), options)) ?? product;
  };
  return likeOriginal(wrapper, original);
}

/** Gives a wrapper the name, the arity, the other properties and the class of what it wraps. */
function likeOriginal(wrapper: LibraryFunction, original: LibraryFunction): LibraryFunction {
  Reflect.setPrototypeOf(wrapper, Reflect.getPrototypeOf(original));
  for (const key of Reflect.ownKeys(original)) {
    const descriptor = Object.getOwnPropertyDescriptor(original, key);
    if (key !== 'prototype' && descriptor !== undefined) Reflect.defineProperty(wrapper, key, descriptor);
  }
  wrappers.add(wrapper);
  return wrapper;
}

/** Guards an observer, and tells it the first outcome only: what a callback throws is not the library's failure. */
function once(observer: CallObserver, what: string): CallObserver {
  let told = false;
  const tell = (work: () => void): void => {
    if (told) return;
    told = true;
    guarded(what, work);
  };
  return {
    succeeded: (...results) => {
      tell(() => {
        observer.succeeded(...results);
      });
    },
    failed: (error) => {
      tell(() => {
        observer.failed(error);
      });
    },
  };
}

/** Node's convention: the error first, if there is one. */
function observedCallback(callback: unknown, observer: CallObserver): LibraryFunction {
  return function (this: unknown, ...args: unknown[]): unknown {
    const [error, result, ...more] = args;
    if (error === null || error === undefined) observer.succeeded(result, ...more);
    else observer.failed(error);
    if (typeof callback !== 'function') return undefined;
    const returned: unknown = Reflect.apply(callback, this, args);
    return returned;
  };
}

/**
 * Puts functions in the place of an object's own that tell first, and then do what those did.
 *
 * @param what - Name of the hook, for warnings.
 * @param target - The object.
 * @param tellers - By name: are told the arguments of the call. A name that the object itself does not have is skipped.
 */
export function tellFirst(
  what: string,
  target: object,
  tellers: Readonly<Record<string, (args: readonly unknown[]) => void>>,
): void {
  for (const [name, tell] of Object.entries(tellers)) {
    const original = Object.hasOwn(target, name) ? functionOf(target, name) : undefined;
    if (original === undefined || wrappers.has(original)) continue;
    const wrapper = function (this: unknown, ...args: unknown[]): unknown {
      guarded(what, () => {
        tell(args);
      });
      return Reflect.apply(original, this, args);
    };
    put(target, name, likeOriginal(wrapper, original));
  }
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
  else if (!wrappers.has(original)) {
    const known = exported.get(original);
    const wrapper =
      known?.observe === observe
        ? known.wrapper
        : wrapFunction(original, hookName(file, name), observe, options);
    exported.set(original, { observe, wrapper });
    file.set(name, wrapper);
  }
}

/**
 * Wraps the function that a CommonJS file exports as a whole.
 *
 * @param file - The file.
 * @param name - What the function is called, for warnings.
 * @param observe - Begins the observation of a call.
 * @param options - How it gives its result.
 */
export function wrapModule(file: LoadedFile, name: string, observe: Observe, options?: WrapOptions): void {
  const original = file.exports;
  if (!isFunction(original)) warnAboutMissing(file, name);
  else if (!wrappers.has(original))
    file.replace(wrapFunction(original, hookName(file, name), observe, options));
}

/**
 * Wraps the functions that a factory makes: a middleware, a verifier.
 *
 * @param file - The file.
 * @param name - The export; `module.exports` where the file exports the factory as a whole.
 * @param observerOf - Says how the calls are observed, from the arguments that the factory was given.
 * @param options - How a call gives its result.
 */
export function wrapFactory(
  file: LoadedFile,
  name: string,
  observerOf: (args: readonly unknown[]) => Observe,
  options?: WrapOptions,
): void {
  const whole = name === MODULE_EXPORTS;
  const original = whole ? file.exports : functionOf(file.exports, name);
  if (!isFunction(original)) {
    warnAboutMissing(file, name);
    return;
  }
  if (wrappers.has(original)) return;
  const wrapper = wrapFactoryFunction(original, hookName(file, name), observerOf, options);
  if (whole) file.replace(wrapper);
  else file.set(name, wrapper);
}

/**
 * Has the calls of the function that a CommonJS file exports as a whole made by `around`.
 *
 * @param file - The file.
 * @param name - What the function is called, for warnings.
 * @param around - Makes the call exactly once, and returns or throws what it does.
 */
export function wrapAround(file: LoadedFile, name: string, around: (call: () => unknown) => unknown): void {
  const original = file.exports;
  if (!isFunction(original)) {
    warnAboutMissing(file, name);
    return;
  }
  if (wrappers.has(original)) return;
  const wrapper = function (this: unknown, ...args: unknown[]): unknown {
    return around(() => {
      const result: unknown = Reflect.apply(original, this, args);
      return result;
    });
  };
  file.replace(likeOriginal(wrapper, original));
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
