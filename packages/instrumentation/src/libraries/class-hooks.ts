import { memberOf } from '../attach/global-api.ts';
import { guarded } from '../warning.ts';
import type { LoadedFile } from './library.ts';
import { hookName, MODULE_EXPORTS, warnAboutMissing } from './wrap.ts';

/** Makes an instance as the library's own class does. */
export type Construct = (args: readonly unknown[]) => object;

/**
 * Puts a class in the place of an exported one that is the same but for what happens around its constructor.
 *
 * @param file - The file.
 * @param name - The class; {@link MODULE_EXPORTS} where it is all that a CommonJS file exports.
 * @param around - Makes the instance by `construct`.
 */
export function constructorHook(
  file: LoadedFile,
  name: string,
  around: (args: readonly unknown[], construct: Construct) => object,
): void {
  const whole = name === MODULE_EXPORTS;
  const original = whole ? file.exports : memberOf(file.exports, name);
  if (typeof original !== 'function') {
    warnAboutMissing(file, name);
    return;
  }
  const hooked = new Proxy(original, {
    construct: (target, args: unknown[], newTarget) =>
      around(args, (given) => {
        const made: object = Reflect.construct(target, given, newTarget);
        return made;
      }),
  });
  if (whole) file.replace(hooked);
  else file.set(name, hooked);
}

/**
 * Observes what a getter of an exported class gives.
 *
 * @param file - The file.
 * @param className - The class.
 * @param name - The getter.
 * @param observe - Gets the object and the value; it may change what the value holds.
 */
export function getterHook(
  file: LoadedFile,
  className: string,
  name: string,
  observe: (self: unknown, value: unknown) => void,
): void {
  const prototype = memberOf(memberOf(file.exports, className), 'prototype');
  const isObject = typeof prototype === 'object' && prototype !== null;
  const descriptor = isObject ? Object.getOwnPropertyDescriptor(prototype, name) : undefined;
  const get = memberOf(descriptor, 'get');
  if (
    !isObject ||
    descriptor === undefined ||
    typeof get !== 'function' ||
    descriptor.configurable !== true
  ) {
    warnAboutMissing(file, name);
    return;
  }
  Object.defineProperty(prototype, name, {
    ...descriptor,
    get(this: unknown) {
      const value: unknown = Reflect.apply(get, this, []);
      guarded(hookName(file, name), () => {
        observe(this, value);
      });
      return value;
    },
  });
}
