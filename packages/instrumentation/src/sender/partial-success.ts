const PARTIAL_SUCCESS = 1;
const REJECTED_SPANS = 1;
const VARINT = 0;
const WITH_LENGTH = 2;

/**
 * How many spans an `ExportTraceServiceResponse` says were refused, though it is a success (OTLP 1.x, "Partial Success").
 *
 * @param response - The answer's body. What is no such message refuses nothing.
 */
export function rejectedSpans(response: Uint8Array): number {
  let rejected = 0n;
  eachField(response, (field, value) => {
    if (field !== PARTIAL_SUCCESS || typeof value === 'bigint') return;
    eachField(value, (inner, count) => {
      if (inner === REJECTED_SPANS && typeof count === 'bigint') rejected = count;
    });
  });
  // Beyond what counts: the count is an int64, and a negative one is a mistake of the receiver's.
  return rejected > BigInt(Number.MAX_SAFE_INTEGER) ? 0 : Number(rejected);
}

/** Calls `found` with each varint and each field with a length; bytes that are neither end it. */
function eachField(bytes: Uint8Array, found: (field: number, value: bigint | Uint8Array) => void): void {
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; at < bytes.length && shift < 70n; shift += 7n) {
      const byte = bytes[at++] ?? 0;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 128) break;
    }
    return value;
  };
  while (at < bytes.length) {
    const tag = Number(varint());
    const value = varint();
    if ((tag & 7) === VARINT) found(tag >>> 3, value);
    else if ((tag & 7) === WITH_LENGTH) {
      const end = Math.min(at + Number(value), bytes.length);
      found(tag >>> 3, bytes.subarray(at, end));
      at = end;
    } else return;
  }
}
