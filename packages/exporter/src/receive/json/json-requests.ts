import { Buffer, isUtf8 } from 'node:buffer';
import { JsonKernel } from '../kernel/json-kernel.ts';
import type { KeyTable } from '../wire/key-table.ts';
import { outlineTraceRequest, type SpanGroup } from '../wire/trace-request.ts';
import { transcodeJson } from './json-transcoder.ts';
import { decodeJsonTraceRequest } from './otlp-json.ts';

/** What is kept for the next request. */
const MAX_KEPT_BYTES = 4 * 1024 * 1024;

/**
 * Reads requests in OTLP/JSON: what is written as usual becomes protobuf, and goes its way; the rest becomes objects. Both
 * ways give the same.
 */
export class JsonRequests {
  readonly #keys: KeyTable;
  readonly #makeKernel: () => JsonKernel | undefined;
  #kernel: JsonKernel | undefined;
  #isKernelAsked = false;
  #kept: Uint8Array = new Uint8Array(0);

  /**
   * @param keys - kept between requests by the caller
   * @param makeKernel - makes what takes attributes, with the first request; without one, TypeScript does
   */
  constructor(keys: KeyTable, makeKernel: () => JsonKernel | undefined = () => JsonKernel.create()) {
    this.#keys = keys;
    this.#makeKernel = makeKernel;
  }

  /**
   * Reads one request; its groups are good until the next one is read.
   *
   * @param bytes - the inflated body
   * @throws ExporterError `request_malformed` or `request_too_large`
   */
  read(bytes: Uint8Array): SpanGroup[] {
    if (!isUtf8(bytes)) return decodeJsonTraceRequest(bytes);
    const kernel = this.#kernelFor(bytes);
    kernel?.text.set(bytes);
    const text = kernel?.text.subarray(0, bytes.length) ?? bytes;
    const out = kernel?.out ?? this.#memory(bytes.length);
    const length = transcodeJson(text, out, kernel);
    if (length === undefined) return decodeJsonTraceRequest(bytes);
    return outlineTraceRequest(out.subarray(0, length), this.#keys);
  }

  /** Undefined where there is none, and for a request that it cannot hold. */
  #kernelFor({ length }: Uint8Array): JsonKernel | undefined {
    if (!this.#isKernelAsked) {
      this.#isKernelAsked = true;
      this.#kernel = this.#makeKernel();
    }
    return length <= (this.#kernel?.text.length ?? 0) ? this.#kernel : undefined;
  }

  #memory(sizeBytes: number): Uint8Array {
    if (sizeBytes <= this.#kept.length) return this.#kept;
    // Not cleared: all that is read of it was written before.
    const memory = new Uint8Array(Buffer.allocUnsafeSlow(sizeBytes).buffer, 0, sizeBytes);
    if (sizeBytes <= MAX_KEPT_BYTES) this.#kept = memory;
    return memory;
  }
}
