const RESOURCE_SPANS = 1;
const SCOPE_SPANS = 2;
const SPANS = 2;
const END_TIME = 8;

const NANOSECONDS_PER_MILLISECOND = 1_000_000n;

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
  eachSpan(request, () => {
    spans += 1;
  });
  return spans;
}

/**
 * When the first of the request's spans ended.
 *
 * @param request - As above.
 * @returns Milliseconds since the epoch; undefined where there is no span.
 */
export function earliestEnd(request: Buffer): number | undefined {
  let earliest: number | undefined;
  eachSpan(request, (from, to) => {
    eachField(request, from, to, (field, start) => {
      if (field !== END_TIME) return;
      const milliseconds = Number(request.readBigUInt64LE(start) / NANOSECONDS_PER_MILLISECOND);
      earliest = Math.min(earliest ?? milliseconds, milliseconds);
    });
  });
  return earliest;
}

/** The way from a request down to its spans. */
const DOWN = [RESOURCE_SPANS, SCOPE_SPANS, SPANS];

/**
 * Divides a request into two that hold half of its spans each.
 *
 * @param request - As above.
 * @returns Undefined where there are fewer than two.
 */
export function halveRequest(request: Uint8Array): readonly [Buffer, Buffer] | undefined {
  const spans = countSpans(request);
  if (spans < 2) return undefined;
  const middle = spans >> 1;
  return [selectSpans(request, (index) => index < middle), selectSpans(request, (index) => index >= middle)];
}

function selectSpans(request: Uint8Array, isWanted: (index: number) => boolean): Buffer {
  let index = 0;
  const select = (from: number, to: number, depth: number): Uint8Array[] => {
    const fields: Uint8Array[] = [];
    let spans = 0;
    eachField(request, from, to, (field, start, end, isMessage) => {
      if (!isMessage) return;
      if (field !== DOWN[depth]) fields.push(...encodeField(field, [request.subarray(start, end)]));
      else if (depth < DOWN.length - 1) {
        const inner = select(start, end, depth + 1);
        if (inner.length > 0) spans += fields.push(...encodeField(field, inner));
      } else if (isWanted(index++))
        spans += fields.push(...encodeField(field, [request.subarray(start, end)]));
    });
    // A resource, or a scope, of which nothing is wanted goes as well.
    return spans === 0 ? [] : fields;
  };
  return Buffer.concat(select(0, request.length, 0));
}

function encodeField(field: number, content: readonly Uint8Array[]): Uint8Array[] {
  const head: number[] = [(field << 3) | WITH_LENGTH];
  let length = content.reduce((sum, part) => sum + part.length, 0);
  for (; length >= 128; length = Math.floor(length / 128)) head.push((length % 128) | 128);
  head.push(length);
  return [Uint8Array.from(head), ...content];
}

function eachSpan(request: Uint8Array, found: (from: number, to: number) => void): void {
  eachMessage(request, 0, request.length, RESOURCE_SPANS, (from, to) => {
    eachMessage(request, from, to, SCOPE_SPANS, (start, end) => {
      eachMessage(request, start, end, SPANS, found);
    });
  });
}

function eachMessage(
  bytes: Uint8Array,
  from: number,
  to: number,
  wanted: number,
  found: (from: number, to: number) => void,
): void {
  eachField(bytes, from, to, (field, start, end, isMessage) => {
    if (isMessage && field === wanted) found(start, end);
  });
}

/** Calls `found` with each field that has a length or eight bytes. Bytes that are no protobuf end it. */
function eachField(
  bytes: Uint8Array,
  from: number,
  to: number,
  found: (field: number, from: number, to: number, isMessage: boolean) => void,
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
        if (at + 8 <= to) found(tag >>> 3, at, at + 8, false);
        at += 8;
        break;
      case FOUR_BYTES:
        at += 4;
        break;
      case WITH_LENGTH: {
        const length = varint();
        found(tag >>> 3, at, Math.min(at + length, to), true);
        at += length;
        break;
      }
      default:
        return;
    }
  }
}
