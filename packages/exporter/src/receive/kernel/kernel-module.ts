import { readFileSync } from 'node:fs';

/** As much of WebAssembly as is needed here; the types that Node comes with have none of it. */
declare const WebAssembly:
  | undefined
  | {
      Module: new (bytes: Uint8Array) => object;
      Instance: new (
        module: object,
        imports: Record<string, Record<string, (...numbers: number[]) => void>>,
      ) => { exports: object };
    };

/** Built beside the JavaScript by `scripts/build-kernel.mjs`. */
const MODULE = new URL('../../../dist/span-kernel.wasm', import.meta.url);

let compiled: object | undefined;

/**
 * Makes an instance of the kernel; all of a process share its code.
 *
 * @param imports - what the kernel calls
 * @returns what it exports; undefined where there is no WebAssembly with vectors, no leave to use it, or no module
 */
export function instantiateKernel(
  imports: Record<string, (...numbers: number[]) => void>,
): object | undefined {
  if (WebAssembly === undefined) return undefined;
  try {
    compiled ??= new WebAssembly.Module(readFileSync(MODULE));
    return new WebAssembly.Instance(compiled, { env: imports }).exports;
  } catch {
    return undefined;
  }
}
