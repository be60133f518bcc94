/**
 * The inner loops of a verification in WebAssembly, where that is to be had: what they do, the code beside them does
 * too, only slower. The module is put together by test/support/ledger/kernel-module.ts, which holds the same offsets.
 */
import { HASH_BYTES, TILE_WIDTH } from '../tile.ts';
import { KERNEL_MODULE } from './module.ts';

/** As much of the platform's WebAssembly as is needed here; not every platform has it. */
declare const WebAssembly:
  | undefined
  | {
      Module: new (bytes: Uint8Array) => object;
      Instance: new (module: object) => { exports: Record<string, unknown> };
      Memory: new (limits: { initial: number }) => WasmMemory;
    };

interface WasmMemory {
  readonly buffer: ArrayBuffer;
  grow(pages: number): number;
}

/** Where `readShape` notes where values stand: eight bytes for each kind of field, from number 1 on. */
export const FIELDS_AT = 304;
/** Where `hashNodes` finds children and leaves their parents. */
const NODES_AT = 513;
/** Where the pieces of shapes are. */
export const PIECES_AT: number = 16 * 1024;
/** Where they end, and the bundles begin. */
export const BUNDLE_AT: number = 1024 * 1024;
const PAGE_BYTES = 64 * 1024;

type WasmFunction = (...numbers: number[]) => unknown;

/** The loops, and their memory. */
export class Kernel {
  readonly #memory: WasmMemory;
  readonly #hashNodes: WasmFunction;
  readonly #readShape: WasmFunction;
  #bytes: Uint8Array<ArrayBuffer>;

  private constructor(memory: WasmMemory, hashNodes: WasmFunction, readShape: WasmFunction) {
    this.#memory = memory;
    this.#hashNodes = hashNodes;
    this.#readShape = readShape;
    this.#bytes = new Uint8Array(memory.buffer);
    this.reserve(0);
  }

  /** Makes one; undefined where there is no WebAssembly with vectors, or no leave to use it. */
  static create(): Kernel | undefined {
    if (typeof WebAssembly === 'undefined') return undefined;
    try {
      const bytes = Uint8Array.from(atob(KERNEL_MODULE), (letter) => letter.charCodeAt(0));
      const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes));
      const { memory, hashNodes, readShape } = exports;
      const isWhole = memory instanceof WebAssembly.Memory && isFunction(hashNodes) && isFunction(readShape);
      return isWhole ? new Kernel(memory, hashNodes, readShape) : undefined;
    } catch {
      return undefined;
    }
  }

  /** All of its memory; another array after it has grown. */
  get bytes(): Uint8Array<ArrayBuffer> {
    return this.#bytes;
  }

  /**
   * Makes room for so many bytes from {@link BUNDLE_AT} on.
   *
   * @returns whether it has grown, so that views of its memory are of no more use
   */
  reserve(sizeBytes: number): boolean {
    const missing = BUNDLE_AT + sizeBytes - this.#bytes.length;
    if (missing <= 0) return false;
    this.#memory.grow(Math.ceil(missing / PAGE_BYTES));
    this.#bytes = new Uint8Array(this.#memory.buffer);
    return true;
  }

  /**
   * The root over a full tile (RFC 6962).
   *
   * @param row 256 hashes, end to end
   * @returns a view that the next call overwrites
   */
  hashRow(row: Uint8Array): Uint8Array {
    this.#bytes.set(row, NODES_AT);
    for (let count = TILE_WIDTH / 2; count >= 1; count /= 2) this.#hashNodes(count);
    return this.#bytes.subarray(NODES_AT, NODES_AT + HASH_BYTES);
  }

  /**
   * Hashes of interior nodes (RFC 6962).
   *
   * @param children the hashes of `2 * count` nodes, end to end
   * @param count at most 128
   * @param parents takes `count` hashes
   */
  hashPairs(children: Uint8Array, count: number, parents: Uint8Array): void {
    if (count > TILE_WIDTH / 2) throw new TypeError(`a tile has no ${count} pairs`);
    this.#bytes.set(children.subarray(0, 2 * count * HASH_BYTES), NODES_AT);
    this.#hashNodes(count);
    parents.set(this.#bytes.subarray(NODES_AT, NODES_AT + count * HASH_BYTES));
  }

  /** Reads a record by the pieces of shapes from `piece` on; see kernel-shapes.ts. */
  readShape(start: number, end: number, piece: number): boolean {
    return this.#readShape(start, end, piece) === 1;
  }
}

function isFunction(value: unknown): value is WasmFunction {
  return typeof value === 'function';
}
