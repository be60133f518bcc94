import { Buffer } from 'node:buffer';

/** Bytes that are written one after the other, in memory that doubles when it is full. */
export class ByteStore {
  /** No Buffer: parts of one take three times as long to make. */
  bytes: Uint8Array;
  /** Where the next byte goes; may be set back to undo. */
  length = 0;

  constructor(sizeBytes: number) {
    this.bytes = allocate(sizeBytes);
  }

  /** Makes room for so many bytes more. */
  reserve(sizeBytes: number): void {
    const needed = this.length + sizeBytes;
    if (needed <= this.bytes.length) return;
    const larger = allocate(Math.max(needed, 2 * this.bytes.length));
    larger.set(this.bytes.subarray(0, this.length));
    this.bytes = larger;
  }

  push(bytes: Uint8Array): void {
    this.reserve(bytes.length);
    this.bytes.set(bytes, this.length);
    this.length += bytes.length;
  }
}

/** Memory that is not cleared: all that is read of it was written before. */
function allocate(sizeBytes: number): Uint8Array {
  return new Uint8Array(Buffer.allocUnsafeSlow(sizeBytes).buffer, 0, sizeBytes);
}
