import { utf8Encoder } from './text.ts';

/** UTF-8 takes at most three bytes for a UTF-16 code unit. */
const MAX_BYTES_PER_UNIT = 3;

/** One buffer that doubles as it fills; what was written stays at its offset. */
export class GrowingBuffer {
  #bytes: Uint8Array;
  /** Where the next byte goes; may be set back to undo. */
  length = 0;

  /** @param sizeBytes - The first size, better too large than too small. */
  constructor(sizeBytes: number) {
    this.#bytes = new Uint8Array(sizeBytes);
  }

  /** Appends well-formed text as UTF-8. */
  writeText(text: string): void {
    this.#reserve(text.length * MAX_BYTES_PER_UNIT);
    this.length += utf8Encoder.encodeInto(text, this.#bytes.subarray(this.length)).written;
  }

  /** Moves the bytes from `start` to the end towards the front, to `target`, and shortens the buffer by as much. */
  moveTail(target: number, start: number): void {
    this.#bytes.copyWithin(target, start, this.length);
    this.length -= start - target;
  }

  /** Overwrites bytes with ASCII text. */
  overwriteAscii(offset: number, text: string): void {
    for (let i = 0; i < text.length; i++) this.#bytes[offset + i] = text.charCodeAt(i);
  }

  /** What was written, from `start` on: a view that the next write may outdate. */
  view(start = 0): Uint8Array {
    return this.#bytes.subarray(start, this.length);
  }

  #reserve(sizeBytes: number): void {
    const needed = this.length + sizeBytes;
    if (needed <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
    larger.set(this.view());
    this.#bytes = larger;
  }
}
