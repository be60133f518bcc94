import { API_SYMBOL, memberOf, methodOf } from './global-api.ts';

const seen = new WeakSet<object>();

/**
 * Calls `onProvider` with every tracer provider that the application has registered or will register, whichever comes
 * first. It watches the API's singletons: the object on `globalThis`, its `trace`, and the delegate of the proxy there.
 *
 * @param onProvider - Gets each provider, possibly more than once.
 */
export function watchProviders(onProvider: (provider: unknown) => void): void {
  trap(globalThis, API_SYMBOL, (api) => {
    // The API sets the symbol before each registration. `disable()` deletes `trace`, and the trap with it.
    if (typeof api !== 'object' || api === null || isTrapped(api, 'trace')) return;
    trap(api, 'trace', (trace) => {
      watchTrace(trace, onProvider);
    });
  });
}

/** What is registered is nearly always the API's proxy, whose delegate is the provider; and proxies nest. */
function watchTrace(trace: unknown, onProvider: (provider: unknown) => void): void {
  if (memberOf(trace, 'setDelegate') === undefined) {
    onProvider(trace);
    return;
  }
  if (!isNew(trace)) return;
  const setDelegate = methodOf(trace, 'setDelegate');
  Reflect.set(trace, 'setDelegate', (delegate: unknown): unknown => {
    watchTrace(delegate, onProvider);
    return setDelegate?.(delegate);
  });
  const delegate = memberOf(trace, '_delegate');
  if (delegate !== undefined) watchTrace(delegate, onProvider);
}

function isNew(value: unknown): value is object {
  if (typeof value !== 'object' || value === null || seen.has(value)) return false;
  seen.add(value);
  return true;
}

const traps = new WeakSet<object>();

function isTrapped(target: object, name: PropertyKey): boolean {
  const setter = memberOf(Object.getOwnPropertyDescriptor(target, name), 'set');
  return typeof setter === 'function' && traps.has(setter);
}

/** Calls `onValue` with a property's value, now if there is one, and whenever it is set. */
function trap(target: object, name: PropertyKey, onValue: (value: unknown) => void): void {
  let current = memberOf(target, name);
  const set = (value: unknown): void => {
    current = value;
    if (value !== undefined) onValue(value);
  };
  traps.add(set);
  Object.defineProperty(target, name, {
    configurable: true,
    // As the API makes them: the singletons are enumerable, the symbol on globalThis is one among others.
    enumerable: true,
    get: () => current,
    set,
  });
  if (current !== undefined) onValue(current);
}
