import { guarded } from '../warning.ts';
import type { LibraryFunction } from './library.ts';
import { markWrapped } from './wrap.ts';

/** Told of what a middleware handed on: undefined, or an error. */
export type HandedOn = (error: unknown) => void;

/**
 * A middleware of Express or Connect that does what `original` does, and of which is told what it hands on to `next`,
 * just before it does.
 *
 * @param original - The library's middleware, with three parameters.
 * @param what - Name of the hook, for warnings.
 * @param observe - Called with the request and the response; undefined where this request is of no interest.
 */
export function wrapMiddleware(
  original: LibraryFunction,
  what: string,
  observe: (request: unknown, response: unknown) => HandedOn | undefined,
): LibraryFunction {
  const wrapper = function (this: unknown, ...args: unknown[]): unknown {
    const [request, response, next] = args;
    const handedOn = guarded(what, () => observe(request, response));
    if (handedOn !== undefined && isFunction(next)) {
      args[2] = function (this: unknown, ...given: unknown[]): unknown {
        guarded(what, () => {
          handedOn(given[0]);
        });
        return Reflect.apply(next, this, given);
      };
    }
    return Reflect.apply(original, this, args);
  };
  // Express tells handlers from error handlers by their length.
  for (const key of ['length', 'name']) {
    const descriptor = Object.getOwnPropertyDescriptor(original, key);
    if (descriptor !== undefined) Reflect.defineProperty(wrapper, key, descriptor);
  }
  markWrapped(wrapper);
  return wrapper;
}

/** Whether a value can be called. */
export function isFunction(value: unknown): value is LibraryFunction {
  return typeof value === 'function';
}
