/**
 * A protobuf writer that fills one reused buffer from its end to its start.
 *
 * A length-delimited field carries the length of what follows, which is known only once that has been written. Written
 * backwards, the content is there first, so nothing is measured twice, moved, or copied. What is written last comes
 * first on the wire: a message's fields are therefore written in descending order, and lists from the last to the first.
 */

const INITIAL_BYTES = 64 * 1024;

/** Strings up to this length are written char by char while they are ASCII; it is faster than asking for the size. */
const SHORT_STRING_CHARS = 64;

/** A protobuf writer; see the top of this file for the order in which to write. */
export class ReverseWriter {
  readonly #initialBytes: number;
  #buffer: Buffer;
  /** Everything from here to the end of the buffer has been written. */
  #start: number;

  /** @param initialBytes - How large a buffer to begin with; it grows. */
  constructor(initialBytes: number = INITIAL_BYTES) {
    this.#initialBytes = initialBytes;
    this.#buffer = Buffer.allocUnsafeSlow(initialBytes);
    this.#start = initialBytes;
  }

  /** How many bytes have been written. */
  get length(): number {
    return this.#buffer.length - this.#start;
  }

  /** Forgets what was written. A buffer that grew beyond `keepBytes` is given back. */
  reset(keepBytes: number): void {
    if (this.#buffer.length > keepBytes) this.#buffer = Buffer.allocUnsafeSlow(this.#initialBytes);
    this.#start = this.#buffer.length;
  }

  /** What was written; valid until the next write or reset. */
  view(): Buffer {
    return this.#buffer.subarray(this.#start);
  }

  /** A copy of what was written since {@link length} was `before`. */
  copySince(before: number): Uint8Array {
    return new Uint8Array(this.#buffer.subarray(this.#start, this.#buffer.length - before));
  }

  /** Makes room, moves the start, and returns it. */
  #take(bytes: number): number {
    if (this.#start < bytes) this.#grow(bytes);
    this.#start -= bytes;
    return this.#start;
  }

  #grow(bytes: number): void {
    const used = this.length;
    const bigger = Buffer.allocUnsafeSlow(
      Math.max(this.#buffer.length * 2, used + bytes + this.#initialBytes),
    );
    this.#buffer.copy(bigger, bigger.length - used, this.#start);
    this.#start = bigger.length - used;
    this.#buffer = bigger;
  }

  /** One byte, as it is: a small tag, or a value below 128. */
  byte(value: number): void {
    const at = this.#take(1);
    this.#buffer[at] = value;
  }

  /** An unsigned varint; a whole number from 0 to 2^53. What is none of these is 0: applications give any number. */
  varint(value: number): void {
    if (!(value >= 0x80 && value <= Number.MAX_SAFE_INTEGER)) {
      this.byte(value >= 0 && value < 0x80 ? value : 0);
      return;
    }
    let size = 1;
    for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) size++;
    let at = this.#take(size);
    let rest = value;
    for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) this.#buffer[at++] = (rest % 0x80) | 0x80;
    this.#buffer[at] = rest;
  }

  /** A signed `int64` varint: negative ones take ten bytes. */
  int64(value: number): void {
    if (value >= 0 && Number.isSafeInteger(value)) {
      this.varint(value);
      return;
    }
    let rest = BigInt.asUintN(64, BigInt(value));
    const bytes: number[] = [];
    while (rest >= 0x80n) {
      bytes.push(Number(rest & 0x7fn) | 0x80);
      rest >>= 7n;
    }
    bytes.push(Number(rest));
    const at = this.#take(bytes.length);
    for (const [offset, byte] of bytes.entries()) this.#buffer[at + offset] = byte;
  }

  fixed32(value: number): void {
    const at = this.#take(4);
    this.#buffer.writeUInt32LE(value, at);
  }

  double(value: number): void {
    const at = this.#take(8);
    this.#buffer.writeDoubleLE(value, at);
  }

  /** Seconds and nanoseconds as `fixed64` nanoseconds, in halves that a double holds exactly. */
  time(seconds: number, nanoseconds: number): void {
    const upper = Math.floor(seconds / 0x1_0000) * 1e9;
    const lower = (seconds % 0x1_0000) * 1e9 + nanoseconds;
    const low = (upper % 0x1_0000) * 0x1_0000 + lower;
    const high = Math.floor(upper / 0x1_0000) + Math.floor(low / 0x1_0000_0000);
    const at = this.#take(8);
    // The protocol knows no time before 1970, as a clock that was set wrong has it.
    const isKnown = low >= 0 && high >= 0;
    this.#buffer.writeUInt32LE(isKnown ? low % 0x1_0000_0000 : 0, at);
    this.#buffer.writeUInt32LE(isKnown ? high % 0x1_0000_0000 : 0, at + 4);
  }

  /** Bytes without a length. */
  raw(bytes: Uint8Array): void {
    const size = bytes.length;
    const at = this.#take(size);
    if (size > SHORT_STRING_CHARS) {
      this.#buffer.set(bytes, at);
      return;
    }
    const buffer = this.#buffer;
    for (let index = 0; index < size; index++) buffer[at + index] = bytes[index] ?? 0;
  }

  /** UTF-8 without a length; unpaired surrogates become U+FFFD. Returns how many bytes it took. */
  utf8(text: string): number {
    const before = this.length;
    const chars = text.length;
    if (chars <= SHORT_STRING_CHARS) {
      const at = this.#take(chars);
      const buffer = this.#buffer;
      let index = 0;
      for (; index < chars; index++) {
        const code = text.charCodeAt(index);
        if (code >= 0x80) break;
        buffer[at + index] = code;
      }
      if (index === chars) return chars;
      this.#start += chars;
    }
    const size = Buffer.byteLength(text, 'utf8');
    const at = this.#take(size);
    this.#buffer.write(text, at, size, 'utf8');
    return this.length - before;
  }

  /** Hex digits as bytes; from where they are none, zeros. Returns how many bytes it took. */
  hex(digits: string): number {
    const size = digits.length >> 1;
    const at = this.#take(size);
    const buffer = this.#buffer;
    // Ids are short: a call of Buffer.write takes longer than the loop.
    for (let index = 0; index < size; index++) {
      const high = nibble(digits.charCodeAt(2 * index));
      const low = nibble(digits.charCodeAt(2 * index + 1));
      if (high < 0 || low < 0) {
        // What stood in the buffer before is nobody's to see.
        buffer.fill(0, at + index, at + size);
        break;
      }
      buffer[at + index] = (high << 4) | low;
    }
    return size;
  }

  /** A string field: content, length, tag. */
  stringField(tag: number, text: string): void {
    this.varint(this.utf8(text));
    this.byte(tag);
  }

  /** Ends a message that began when {@link length} was `before`: writes its length and its tag in front of it. */
  endMessage(tag: number, before: number): void {
    this.varint(this.length - before);
    this.byte(tag);
  }
}

/** The value of a hex digit; negative where it is none. */
function nibble(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const lower = code | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}
