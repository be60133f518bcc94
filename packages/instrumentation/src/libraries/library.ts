import type { Lifecycle } from '../session/lifecycle.ts';
import type { SessionRegistry } from '../session/session-registry.ts';

/** Any function of a library, as it is called. */
export type LibraryFunction = (...args: unknown[]) => unknown;

/** What a hook does around one call. Each is guarded: what it throws never reaches the application. */
export interface CallObserver {
  /** The call returned, or its promise was fulfilled. */
  succeeded(result: unknown): void;
  /** The call threw, or its promise was rejected. */
  failed(error: unknown): void;
}

/** Begins to observe a call. `args` are the call's own; they must not be changed. */
export type Observe = (args: readonly unknown[]) => CallObserver;

/** What the hooks of a library work with. */
export interface HookContext {
  readonly lifecycle: Lifecycle;
  readonly sessions: SessionRegistry;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** A library whose functions are observed. Its folder has one file of hooks and one of versions and files. */
export interface Library {
  readonly name: string;
  /** The major versions that are covered, for people. */
  readonly versions: string;
  /** The files that define the functions, as the end of their URL; they are hooked when an ES module imports them. */
  readonly files: readonly RegExp[];
  /** The files that also export them; they are hooked when a CommonJS module requires them. */
  readonly entryFiles: readonly RegExp[];
  /** Observers by the name of the exported function. */
  readonly hooks: Readonly<Record<string, Observe>>;
}
