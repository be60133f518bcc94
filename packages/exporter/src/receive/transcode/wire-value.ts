// opentelemetry/proto/common/v1/common.proto, as `number << 3 | wire type`.
const VALUE_STRING = (1 << 3) | 2;
const VALUE_INT = 3 << 3;

/** Bytes of a varint that is below 2^49: what the engine adds up without a bigint. */
const MAX_SHORT_VARINT_BYTES = 7;

/**
 * Where the text of an `AnyValue` begins that is one string and nothing else; -1 for any other. It ends where the
 * message ends.
 */
export function stringStart(bytes: Uint8Array, start: number, end: number): number {
  if (start >= end || bytes[start] !== VALUE_STRING) return -1;
  const first = bytes[start + 1] ?? 0;
  if (first < 0x80) return start + 2 + first === end ? start + 2 : -1;
  const second = bytes[start + 2] ?? 0;
  if (second >= 0x80) return -1;
  return start + 3 + (first & 0x7f) + second * 0x80 === end ? start + 3 : -1;
}

/** The integer of an `AnyValue` that is one, from 0 to below 2^49, and nothing else; -1 for any other. */
export function smallInteger(bytes: Uint8Array, start: number, end: number): number {
  const length = end - start - 1;
  if (bytes[start] !== VALUE_INT || length < 1 || length > MAX_SHORT_VARINT_BYTES) return -1;
  let value = 0;
  let scale = 1;
  for (let at = start + 1; at < end - 1; at++) {
    const byte = bytes[at] ?? 0;
    if (byte < 0x80) return -1;
    value += (byte & 0x7f) * scale;
    scale *= 0x80;
  }
  const last = bytes[end - 1] ?? 0;
  return last < 0x80 ? value + last * scale : -1;
}
