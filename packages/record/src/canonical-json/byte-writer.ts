import { base64urlLength, writeBase64url } from '../base64url.ts';
import { RecordError } from '../errors.ts';
import { isJsonObject } from '../json-object.ts';
import type { JsonObject, JsonValue } from '../json.ts';
import { MAX_JSON_DEPTH } from '../limits.ts';
import { utf8Encoder } from '../text.ts';
import { membersInOrder } from './member-order.ts';
import { canonicalString } from './writer.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

/** UTF-8 takes at most three bytes for a UTF-16 code unit. */
const MAX_BYTES_PER_UNIT = 3;

/** Up to here a loop of our own is faster than a call to the encoder. */
const SHORT_STRING_LENGTH = 256;

/**
 * One buffer that doubles as it fills, and into which values are written as RFC 8785 bytes: the same that
 * `encodeCanonical` gives, without a string in between. What was written stays at its offset.
 */
export class CanonicalBuffer {
  #bytes: Uint8Array;
  /** Where the next byte goes; may be set back to undo. */
  length = 0;

  /** @param sizeBytes - The first size, better too large than too small. */
  constructor(sizeBytes: number) {
    this.#bytes = new Uint8Array(sizeBytes);
  }

  /**
   * Appends a value in canonical form.
   *
   * @throws RecordError as `canonicalize` does; the buffer then ends somewhere within the value.
   */
  writeValue(value: JsonValue, depth = 0): void {
    if (typeof value === 'string') {
      this.#writeString(value);
    } else if (typeof value === 'number' && Number.isFinite(value)) {
      this.writeAscii(String(value));
    } else if (typeof value === 'boolean' || value === null) {
      this.writeAscii(String(value));
    } else if (depth >= MAX_JSON_DEPTH) {
      throw new RecordError('value_too_deep', `A value is nested more than ${MAX_JSON_DEPTH} levels deep.`);
    } else if (Array.isArray(value)) {
      this.#writeArray(value, depth + 1);
    } else if (isJsonObject(value)) {
      this.#writeObject(value, depth + 1);
    } else {
      throw new RecordError('value_not_json', `A ${typeof value} (${String(value)}) has no JSON form.`);
    }
  }

  /** Appends short ASCII text as it is. */
  writeAscii(text: string): void {
    const at = this.#take(text.length);
    this.overwriteAscii(at, text);
  }

  /** Appends a few bytes as they are. */
  writeBytes(bytes: Uint8Array): void {
    const at = this.#take(bytes.length);
    const target = this.#bytes;
    // For so few, set() costs more than the loop.
    for (let i = 0; i < bytes.length; i++) target[at + i] = bytes[i] ?? 0;
  }

  /** Appends bytes as base64url without padding. */
  writeBase64url(bytes: Uint8Array, start: number, end: number): void {
    const at = this.#take(base64urlLength(end - start));
    writeBase64url(this.#bytes, at, bytes, start, end);
  }

  /** Moves the bytes from `start` to the end towards the front, to `target`, and shortens the buffer by as much. */
  moveTail(target: number, start: number): void {
    this.#bytes.copyWithin(target, start, this.length);
    this.length -= start - target;
  }

  /** Overwrites bytes with ASCII text. */
  overwriteAscii(offset: number, text: string): void {
    const bytes = this.#bytes;
    for (let i = 0; i < text.length; i++) bytes[offset + i] = text.charCodeAt(i);
  }

  /** What was written, from `start` on: a view that the next write may outdate. */
  view(start = 0): Uint8Array {
    return this.#bytes.subarray(start, this.length);
  }

  #writeArray(items: JsonValue[], depth: number): void {
    let separator = OPEN_BRACKET;
    for (const item of items) {
      this.#writeByte(separator);
      this.writeValue(item, depth);
      separator = COMMA;
    }
    if (separator === OPEN_BRACKET) this.#writeByte(OPEN_BRACKET);
    this.#writeByte(CLOSE_BRACKET);
  }

  #writeObject(object: JsonObject, depth: number): void {
    const members = membersInOrder(object);
    if (members.length === 0) this.#writeByte(OPEN_BRACE);
    for (const { name, head } of members) {
      const value = object[name];
      if (value === undefined) {
        throw new RecordError('value_not_json', `The member ${JSON.stringify(name)} is undefined.`);
      }
      this.writeBytes(head);
      this.writeValue(value, depth);
    }
    this.#writeByte(CLOSE_BRACE);
  }

  #writeString(text: string): void {
    const { length } = text;
    if (length > SHORT_STRING_LENGTH) {
      this.#writeText(canonicalString(text));
      return;
    }
    const start = this.#take(length + 2);
    const bytes = this.#bytes;
    bytes[start] = QUOTE;
    for (let i = 0; i < length; i++) {
      const code = text.charCodeAt(i);
      if (code < 0x20 || code > 0x7e || code === QUOTE || code === BACKSLASH) {
        this.length = start;
        this.#writeText(canonicalString(text));
        return;
      }
      bytes[start + 1 + i] = code;
    }
    bytes[start + 1 + length] = QUOTE;
  }

  /** Appends well-formed text as UTF-8. */
  #writeText(text: string): void {
    const at = this.#take(text.length * MAX_BYTES_PER_UNIT);
    this.length = at + utf8Encoder.encodeInto(text, this.#bytes.subarray(at)).written;
  }

  #writeByte(byte: number): void {
    const at = this.#take(1);
    this.#bytes[at] = byte;
  }

  /** Makes room for so many bytes more and returns where they begin. */
  #take(sizeBytes: number): number {
    const start = this.length;
    this.length = start + sizeBytes;
    if (this.length > this.#bytes.length) this.#grow(start);
    return start;
  }

  #grow(written: number): void {
    const larger = new Uint8Array(Math.max(this.length, this.#bytes.length * 2));
    larger.set(this.#bytes.subarray(0, written));
    this.#bytes = larger;
  }
}
