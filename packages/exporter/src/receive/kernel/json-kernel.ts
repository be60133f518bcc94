import type { JsonScan } from '../json/json-scan.ts';
import type { MessageWriter } from '../json/message-writer.ts';
import { isKernel, type KernelExports } from './kernel-exports.ts';
import { instantiateKernel } from './kernel-module.ts';
import {
  ENTRIES_AT,
  ENTRIES_END,
  JSON_COUNT,
  JSON_OUT,
  JSON_RESULT_AT,
  MEMORY_PAGES,
  REQUEST_AT,
  REQUEST_BYTES,
} from './layout.ts';

const PAGE_BYTES = 65_536;
/** The attribute, and its value. */
const CONTAINERS = 2;

/**
 * Takes attributes of OTLP/JSON in WebAssembly, as many as follow one another: they are most of a request. It has a memory of
 * its own, in which both the text and what is written are.
 */
export class JsonKernel {
  /** Where a request's text goes; longer ones are read without the kernel. */
  readonly text: Uint8Array;
  /** Where the message goes that says the same. */
  readonly out: Uint8Array;
  readonly #exports: KernelExports;
  readonly #result: DataView;

  private constructor(exports: KernelExports) {
    this.#exports = exports;
    const { buffer } = exports.memory;
    this.text = new Uint8Array(buffer, REQUEST_AT, REQUEST_BYTES);
    this.out = new Uint8Array(buffer, ENTRIES_AT, ENTRIES_END - ENTRIES_AT);
    this.#result = new DataView(buffer, JSON_RESULT_AT);
  }

  /** Makes one; undefined where there is no WebAssembly, or it was not built: then all goes by way of TypeScript. */
  static create(): JsonKernel | undefined {
    const exports = instantiateKernel({ abort: () => undefined });
    if (exports === undefined || !isKernel(exports)) return undefined;
    return exports.memory.buffer.byteLength === MEMORY_PAGES * PAGE_BYTES
      ? new JsonKernel(exports)
      : undefined;
  }

  /**
   * Takes the plain attributes that begin here, up to one that is not.
   *
   * @param scan - of {@link text}
   * @param writer - into {@link out}
   * @param tag - of the field that they are in
   * @returns how many they are
   */
  takeAttributes(scan: JsonScan, writer: MessageWriter, tag: number): number {
    const end = REQUEST_AT + scan.bytes.length;
    const taken = this.#exports.takeAttributes(REQUEST_AT + scan.at, end, ENTRIES_AT + writer.length, tag);
    const count = this.#result.getUint32(JSON_COUNT, true);
    scan.at = taken - REQUEST_AT;
    scan.containers += CONTAINERS * count;
    writer.length = this.#result.getUint32(JSON_OUT, true) - ENTRIES_AT;
    return count;
  }
}
