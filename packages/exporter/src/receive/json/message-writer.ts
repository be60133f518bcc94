const MAX_ONE_BYTE = 0x7f;

/**
 * Writes protobuf messages within one another, one after the other.
 *
 * What is written beyond the end of its memory is lost: who begins knows how much there can be, and compares.
 */
export class MessageWriter {
  readonly bytes: Uint8Array;
  /** Where the next byte goes; may be set back to undo. */
  length = 0;
  readonly view: DataView;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Begins a field of which the length is not known yet; returns where its content begins. */
  open(tag: number): number {
    this.tag(tag);
    return ++this.length;
  }

  /** Ends a field that was opened. One byte is kept for its length: content that needs more gives way. */
  close(start: number): void {
    const sizeBytes = this.length - start;
    if (sizeBytes <= MAX_ONE_BYTE) {
      this.bytes[start - 1] = sizeBytes;
      return;
    }
    let more = 0;
    for (let rest = sizeBytes; rest > MAX_ONE_BYTE; rest = Math.floor(rest / 128)) more++;
    this.bytes.copyWithin(start + more, start, this.length);
    this.length = start - 1;
    this.varint(sizeBytes);
    this.length += sizeBytes;
  }

  /** @param tag - `number << 3 | wire type` */
  tag(tag: number): void {
    if (tag <= MAX_ONE_BYTE) this.bytes[this.length++] = tag;
    else this.varint(tag);
  }

  /** @param value - from 0 to 2^53 - 1 */
  varint(value: number): void {
    let rest = value;
    while (rest > MAX_ONE_BYTE) {
      this.bytes[this.length++] = (rest % 128) | 0x80;
      rest = Math.floor(rest / 128);
    }
    this.bytes[this.length++] = rest;
  }

  /** @param value - from -2^63 to 2^63 - 1 */
  int64(value: bigint): void {
    let rest = BigInt.asUintN(64, value);
    while (rest > 0x7fn) {
      this.bytes[this.length++] = Number(rest & 0x7fn) | 0x80;
      rest >>= 7n;
    }
    this.bytes[this.length++] = Number(rest);
  }

  fixed32(value: number): void {
    if (this.length + 4 <= this.bytes.length) this.view.setUint32(this.length, value, true);
    this.length += 4;
  }

  /** Writes an integer of 64 bits in two halves: a bigint would take ten times as long. */
  fixed64(high: number, low: number): void {
    this.fixed32(low);
    this.fixed32(high);
  }

  push(bytes: Uint8Array): void {
    if (this.length + bytes.length <= this.bytes.length) this.bytes.set(bytes, this.length);
    this.length += bytes.length;
  }

  double(value: number): void {
    if (this.length + 8 <= this.bytes.length) this.view.setFloat64(this.length, value, true);
    this.length += 8;
  }
}
