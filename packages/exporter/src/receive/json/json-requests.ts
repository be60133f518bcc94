import { Buffer, isUtf8 } from 'node:buffer';
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
  #kept: Uint8Array = new Uint8Array(0);

  /** @param keys - kept between requests by the caller */
  constructor(keys: KeyTable) {
    this.#keys = keys;
  }

  /**
   * Reads one request; its groups are good until the next one is read.
   *
   * @param bytes - the inflated body
   * @throws ExporterError `request_malformed` or `request_too_large`
   */
  read(bytes: Uint8Array): SpanGroup[] {
    if (!isUtf8(bytes)) return decodeJsonTraceRequest(bytes);
    const out = this.#memory(bytes.length);
    const length = transcodeJson(bytes, out);
    if (length === undefined) return decodeJsonTraceRequest(bytes);
    return outlineTraceRequest(out.subarray(0, length), this.#keys);
  }

  #memory(sizeBytes: number): Uint8Array {
    if (sizeBytes <= this.#kept.length) return this.#kept;
    // Not cleared: all that is read of it was written before.
    const memory = new Uint8Array(Buffer.allocUnsafeSlow(sizeBytes).buffer, 0, sizeBytes);
    if (sizeBytes <= MAX_KEPT_BYTES) this.#kept = memory;
    return memory;
  }
}
