import type { EventContext } from '../events/event-context.ts';

/** Any function of a library, as it is called. */
export type LibraryFunction = (...args: unknown[]) => unknown;

/** What a hook does around one call. Each is guarded: what it throws never reaches the application. */
export interface CallObserver {
  /** The call returned, or its promise was fulfilled, or its callback was given a result (some are given several). */
  succeeded(result: unknown, ...more: unknown[]): void;
  /** The call threw, or its promise was rejected, or its callback was given an error. */
  failed(error: unknown): void;
}

/**
 * Begins to observe a call. `args` are the call's own, `self` its `this`; neither may be changed.
 *
 * @returns Undefined where this call is of no interest.
 */
export type Observe = (args: readonly unknown[], self: unknown) => CallObserver | undefined;

/** How Node loads a file. */
export type ModuleFormat = 'esm' | 'commonjs';

/** A file of a library in which functions are hooked. */
export interface HookedFile {
  /** Inside the package, with slashes. */
  readonly path: string;
  readonly format: ModuleFormat;
}

/** What is covered of some major versions of a library. */
export interface VersionRow {
  readonly majors: readonly number[];
  readonly files: readonly HookedFile[];
  /** ES modules that export the functions too: `require` gives their namespaces, which nobody can change. */
  readonly entries?: readonly string[];
  /** The functions that are observed, for people. */
  readonly functions: readonly string[];
}

/** The table of versions of one library. Data alone: `spanledger doctor` reads it without loading a hook. */
export interface LibraryVersions {
  /** The package. */
  readonly name: string;
  readonly rows: readonly VersionRow[];
}

/** A file of a library that has just been loaded, and that nobody has used yet. */
export interface LoadedFile {
  /** The package. */
  readonly library: string;
  readonly version: string | undefined;
  readonly major: number;
  /** Inside the package, with slashes. */
  readonly path: string;
  /** `module.exports`, or a view of the ES module's namespace. */
  readonly exports: unknown;
  /** Puts a value in the place of one export. */
  set(name: string, value: unknown): void;
  /** Puts a value in the place of `module.exports`; in an ES module, of its default export. */
  replace(value: unknown): void;
}

/** A library that is observed. Its folder has one file of hooks and one table of versions. */
export interface Library {
  readonly versions: LibraryVersions;
  /** Hooks the functions of a file. What it throws becomes a warning. */
  patch(file: LoadedFile): void;
}

/** Makes the hooks of a library. */
export type CreateLibrary = (context: EventContext) => Library;
