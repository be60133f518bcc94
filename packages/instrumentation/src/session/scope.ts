import { AsyncLocalStorage } from 'node:async_hooks';
import { SessionSlot, type Binding } from './slot.ts';

/** A stretch of asynchronous work with a session of its own: a background job, or what an upgraded socket says. */
export interface SessionScope {
  /** Holds the session of the scope. No span of the application shares it. */
  readonly slot: SessionSlot;
  /** The slot that was active when the scope was entered: what starts below it belongs to the scope, not to it. */
  readonly outer: SessionSlot | undefined;
  /**
   * Whether the next server span belongs to it. Others never do: what a server that was made in a scope receives is no
   * part of that.
   */
  admitsServer?: boolean;
}

/** A scope that is bound to a session from its beginning. */
export function boundScope(binding: Binding, outer: SessionSlot | undefined): SessionScope {
  const slot = new SessionSlot(undefined);
  slot.binding = binding;
  slot.held = null;
  return { slot, outer };
}

/**
 * Which scope is active. The storage is our own, beside OpenTelemetry's context: a job has a session whether or not it
 * has a span, and the application's context manager is none of our business.
 */
export class SessionScopes {
  #storage: AsyncLocalStorage<SessionScope | undefined> | undefined;

  /** The innermost scope; undefined outside of any, and for next to nothing where none was ever entered. */
  active(): SessionScope | undefined {
    return this.#storage?.getStore();
  }

  /** The scope that decides where the active slot is `inherited`: the spans of a scope decide for themselves. */
  deciding(inherited: SessionSlot | undefined): SessionScope | undefined {
    const scope = this.active();
    return scope !== undefined && (inherited === undefined || inherited === scope.outer) ? scope : undefined;
  }

  /** Runs work in a scope: its result is returned, and what it throws is thrown, untouched. */
  run<T>(scope: SessionScope, work: () => T): T {
    this.#storage ??= new AsyncLocalStorage();
    return this.#storage.run(scope, work);
  }

  /** Runs work outside of every scope. */
  leave<T>(work: () => T): T {
    return this.#storage === undefined ? work() : this.#storage.run(undefined, work);
  }
}
