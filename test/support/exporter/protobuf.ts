/** Protobuf by hand, for messages that no serializer would write. */

export function message(...fields: Uint8Array[]): Uint8Array {
  return Buffer.concat(fields);
}

export function varintField(field: number, value: bigint): Uint8Array {
  return Buffer.concat([varint(BigInt(field * 8)), varint(value)]);
}

export function fixed64Field(field: number, value: bigint): Uint8Array {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(value);
  return Buffer.concat([varint(BigInt(field * 8 + 1)), bytes]);
}

export function bytesField(field: number, value: Uint8Array): Uint8Array {
  return Buffer.concat([varint(BigInt(field * 8 + 2)), varint(BigInt(value.length)), value]);
}

export function stringField(field: number, value: string): Uint8Array {
  return bytesField(field, Buffer.from(value));
}

export function varint(value: bigint): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 0x80n) {
    bytes.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  bytes.push(Number(rest));
  return Uint8Array.from(bytes);
}
