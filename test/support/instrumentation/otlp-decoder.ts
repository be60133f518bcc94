/** Decodes `ExportTraceServiceRequest` for assertions: plain objects, 64-bit times as decimal strings. */

export interface DecodedEvent {
  name: string;
  time: string;
  attributes: Record<string, unknown>;
  droppedAttributesCount: number;
}

export interface DecodedLink {
  traceId: string;
  spanId: string;
  traceState: string;
  flags: number;
  attributes: Record<string, unknown>;
}

export interface DecodedSpan {
  traceId: string;
  spanId: string;
  parentSpanId: string;
  traceState: string;
  flags: number;
  name: string;
  kind: number;
  start: string;
  end: string;
  attributes: Record<string, unknown>;
  droppedAttributesCount: number;
  events: DecodedEvent[];
  droppedEventsCount: number;
  links: DecodedLink[];
  droppedLinksCount: number;
  status: { code: number; message: string };
  scope: { name: string; version: string; schemaUrl: string };
  resource: Record<string, unknown>;
  resourceSchemaUrl: string;
}

interface Field {
  number: number;
  /** The bytes of a length-delimited field; empty for the others. */
  bytes: Buffer;
  /** The value of the others. */
  value: bigint;
}

export function decodeTraceRequest(request: Uint8Array): DecodedSpan[] {
  const spans: DecodedSpan[] = [];
  for (const resourceSpans of messages(Buffer.from(request), 1)) {
    const resource = attributesOf(one(resourceSpans, 1) ?? Buffer.alloc(0), 1);
    const resourceSchemaUrl = text(resourceSpans, 3);
    for (const scopeSpans of messages(resourceSpans, 2)) {
      const scopeBytes = one(scopeSpans, 1) ?? Buffer.alloc(0);
      const scope = {
        name: text(scopeBytes, 1),
        version: text(scopeBytes, 2),
        schemaUrl: text(scopeSpans, 3),
      };
      for (const span of messages(scopeSpans, 2)) {
        spans.push({ ...spanOf(span), scope, resource, resourceSchemaUrl });
      }
    }
  }
  return spans;
}

function spanOf(bytes: Buffer): Omit<DecodedSpan, 'scope' | 'resource' | 'resourceSchemaUrl'> {
  const status = one(bytes, 15) ?? Buffer.alloc(0);
  return {
    traceId: hex(bytes, 1),
    spanId: hex(bytes, 2),
    traceState: text(bytes, 3),
    parentSpanId: hex(bytes, 4),
    name: text(bytes, 5),
    kind: Number(integer(bytes, 6)),
    start: String(integer(bytes, 7)),
    end: String(integer(bytes, 8)),
    attributes: attributesOf(bytes, 9),
    droppedAttributesCount: Number(integer(bytes, 10)),
    events: messages(bytes, 11).map((event) => ({
      time: String(integer(event, 1)),
      name: text(event, 2),
      attributes: attributesOf(event, 3),
      droppedAttributesCount: Number(integer(event, 4)),
    })),
    droppedEventsCount: Number(integer(bytes, 12)),
    links: messages(bytes, 13).map((link) => ({
      traceId: hex(link, 1),
      spanId: hex(link, 2),
      traceState: text(link, 3),
      attributes: attributesOf(link, 4),
      flags: Number(integer(link, 6)),
    })),
    droppedLinksCount: Number(integer(bytes, 14)),
    status: { message: text(status, 2), code: Number(integer(status, 3)) },
    flags: Number(integer(bytes, 16)),
  };
}

function attributesOf(bytes: Buffer, field: number): Record<string, unknown> {
  const entries = messages(bytes, field).map((entry) => [text(entry, 1), valueOf(one(entry, 2))] as const);
  if (new Set(entries.map(([key]) => key)).size !== entries.length)
    throw new Error('duplicate attribute keys');
  return Object.fromEntries(entries);
}

function valueOf(bytes: Buffer | undefined): unknown {
  const field = bytes === undefined ? undefined : fieldsOf(bytes)[0];
  switch (field?.number) {
    case 1:
      return field.bytes.toString('utf8');
    case 2:
      return field.value === 1n;
    case 3: {
      const value = BigInt.asIntN(64, field.value);
      return Number.isSafeInteger(Number(value)) ? Number(value) : value;
    }
    case 4: {
      const double = Buffer.alloc(8);
      double.writeBigUInt64LE(field.value);
      return double.readDoubleLE();
    }
    case 5:
      return messages(field.bytes, 1).map((item) => valueOf(item));
    case 6:
      return { map: attributesOf(field.bytes, 1) };
    case 7:
      return { bytes: field.bytes.toString('base64') };
    default:
      return null;
  }
}

function fieldsOf(bytes: Buffer): Field[] {
  const fields: Field[] = [];
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at++];
      if (byte === undefined || shift > 63n) throw new Error('truncated varint');
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  const take = (length: number): Buffer => {
    if (at + length > bytes.length) throw new Error('truncated field');
    at += length;
    return bytes.subarray(at - length, at);
  };
  while (at < bytes.length) {
    const tag = varint();
    const number = Number(tag >> 3n);
    switch (Number(tag & 7n)) {
      case 0:
        fields.push({ number, bytes: Buffer.alloc(0), value: varint() });
        break;
      case 1:
        fields.push({ number, bytes: Buffer.alloc(0), value: take(8).readBigUInt64LE() });
        break;
      case 2:
        fields.push({ number, bytes: take(Number(varint())), value: 0n });
        break;
      case 5:
        fields.push({ number, bytes: Buffer.alloc(0), value: BigInt(take(4).readUInt32LE()) });
        break;
      default:
        throw new Error(`unexpected wire type in field ${number}`);
    }
  }
  return fields;
}

function messages(bytes: Buffer, number: number): Buffer[] {
  return fieldsOf(bytes)
    .filter((field) => field.number === number)
    .map((field) => field.bytes);
}

function one(bytes: Buffer, number: number): Buffer | undefined {
  return messages(bytes, number).at(-1);
}

function text(bytes: Buffer, number: number): string {
  return one(bytes, number)?.toString('utf8') ?? '';
}

function hex(bytes: Buffer, number: number): string {
  return one(bytes, number)?.toString('hex') ?? '';
}

function integer(bytes: Buffer, number: number): bigint {
  return fieldsOf(bytes).findLast((field) => field.number === number)?.value ?? 0n;
}
