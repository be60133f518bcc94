import { ownContext } from './own-context.ts';

/**
 * OpenTelemetry's API keeps its singletons on `globalThis`, under a symbol that all 1.x versions share. Reading them
 * there, instead of importing the package, never pins the application's version of it.
 */
export const API_SYMBOL: symbol = Symbol.for('opentelemetry.js.api.1');

/** The key under which a context holds its active span, in all 1.x versions. */
export const SPAN_KEY: symbol = Symbol.for('OpenTelemetry Context Key SPAN');

/** A method of an object of others, bound to it; undefined where there is none. */
export function methodOf(target: unknown, name: string): ((...args: unknown[]) => unknown) | undefined {
  const method = memberOf(target, name);
  if (typeof method !== 'function') return undefined;
  return (...args) => {
    const result: unknown = Reflect.apply(method, target, args);
    return result;
  };
}

/** A member of an object of others. */
export function memberOf(target: unknown, name: PropertyKey): unknown {
  return hasMembers(target) ? target[name] : undefined;
}

function hasMembers(target: unknown): target is Readonly<Record<PropertyKey, unknown>> {
  return (typeof target === 'object' || typeof target === 'function') && target !== null;
}

/** The span in a context of the API. */
export function spanInContext(context: unknown): unknown {
  // Spelled out rather than by methodOf: this runs at every start of a span, where a closure is a tenth of our cost.
  if (typeof context !== 'object' || context === null || !('getValue' in context)) return undefined;
  if (typeof context.getValue !== 'function') return undefined;
  const span: unknown = context.getValue(SPAN_KEY);
  return span;
}

/** The application's context manager. */
export function contextManager(): unknown {
  return memberOf(memberOf(globalThis, API_SYMBOL), 'context');
}

/** The context that is active now: the application's, or our own where it has none or nothing is traced in it. */
export function activeContext(): unknown {
  const manager = contextManager();
  const theirs: unknown = hasActive(manager) ? manager.active() : undefined;
  return spanInContext(theirs) === undefined ? (ownContext.getStore() ?? theirs) : theirs;
}

/** The span that is active now, as whatever SDK made it. */
export function activeSpan(): unknown {
  return spanInContext(activeContext());
}

function hasActive(manager: unknown): manager is { active(): unknown } {
  return (
    typeof manager === 'object' &&
    manager !== null &&
    'active' in manager &&
    typeof manager.active === 'function'
  );
}
