import type { Runtime } from './runtime.ts';

/**
 * One runtime per thread, whichever copy of this package is imported how often: a second one would record every span
 * twice.
 */
const RUNTIME: symbol = Symbol.for('spanledger.instrumentation');

/** Starts the runtime unless there is one; `start` gives none where the operator has disabled it. */
export function installRuntime(start: () => Runtime | undefined): void {
  if (Reflect.get(globalThis, RUNTIME) !== undefined) return;
  const value = start();
  if (value !== undefined) Object.defineProperty(globalThis, RUNTIME, { value, configurable: true });
}

/** The runtime of this thread; undefined without `register`. */
export function installedRuntime(): Runtime | undefined {
  const runtime: Runtime | undefined = Reflect.get(globalThis, RUNTIME);
  return runtime;
}
