const RESOURCE_SPANS = 1;
const SCOPE_SPANS = 2;
const SPANS = 2;

const VARINT = 0;
const EIGHT_BYTES = 1;
const WITH_LENGTH = 2;
const FOUR_BYTES = 5;

/**
 * How many spans an `ExportTraceServiceRequest` holds; it looks at lengths only.
 *
 * @param request - The request's bytes, which this package wrote.
 */
export function countSpans(request: Uint8Array): number {
  let spans = 0;
  eachMessage(request, 0, request.length, RESOURCE_SPANS, (from, to) => {
    eachMessage(request, from, to, SCOPE_SPANS, (start, end) => {
      eachMessage(request, start, end, SPANS, () => {
        spans += 1;
      });
    });
  });
  return spans;
}

/** Calls `found` with the place of each message in a field. Bytes that are no protobuf end it. */
function eachMessage(
  bytes: Uint8Array,
  from: number,
  to: number,
  field: number,
  found: (from: number, to: number) => void,
): void {
  let at = from;
  const varint = (): number => {
    let value = 0;
    for (let factor = 1; at < to; factor *= 128) {
      const byte = bytes[at++] ?? 0;
      value += (byte & 0x7f) * factor;
      if (byte < 128) return value;
    }
    return value;
  };
  while (at < to) {
    const tag = varint();
    switch (tag & 7) {
      case VARINT:
        varint();
        break;
      case EIGHT_BYTES:
        at += 8;
        break;
      case FOUR_BYTES:
        at += 4;
        break;
      case WITH_LENGTH: {
        const length = varint();
        if (tag >>> 3 === field) found(at, Math.min(at + length, to));
        at += length;
        break;
      }
      default:
        return;
    }
  }
}
