import { TextDecoder } from 'node:util';
import { MAX_KEY_BYTES } from '../limits.ts';
import { malformed } from '../request-errors.ts';
import type { KeyTable } from './key-table.ts';

const WIRE_VARINT = 0;
const WIRE_FIXED64 = 1;
const WIRE_BYTES = 2;
const WIRE_FIXED32 = 5;

/** Field 2^29-1 is the last one that protobuf knows. */
const MAX_TAG = 2 ** 32 - 1;

/** A string of this many bytes or fewer is scanned for ASCII before the decoder is asked. */
const SHORT_STRING_BYTES = 64;

/**
 * Reads protobuf from a buffer. Each method takes the offset just past the message that is being read and never reads
 * beyond it; whatever does not fit is `request_malformed`.
 *
 * Wire format: https://protobuf.dev/programming-guides/encoding/
 */
export class WireReader {
  /** Offset of the next byte. */
  position = 0;
  /** The whole message. */
  readonly bytes: Buffer;
  readonly #view: DataView;
  readonly #keys: KeyTable;
  readonly #utf8: TextDecoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

  constructor(bytes: Uint8Array, keys: KeyTable) {
    this.bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#keys = keys;
  }

  /** Reads a field's tag: `number << 3 | wire type`. */
  tag(end: number): number {
    const tag = this.varint(end);
    if (tag < 8 || tag > MAX_TAG) throw malformed(`field number out of range at byte ${this.position}`);
    return tag;
  }

  /** Reads an unsigned varint that must be exact as a number (below 2^53). */
  varint(end: number): number {
    let value = 0;
    let scale = 1;
    for (let i = 0; i < 8; i++) {
      const byte = this.#byte(end);
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) {
        if (value > Number.MAX_SAFE_INTEGER) break;
        return value;
      }
      scale *= 128;
    }
    throw malformed(`varint out of range at byte ${this.position}`);
  }

  /** Reads an `int64`: a number where it is exact, otherwise a bigint. */
  int64(end: number): number | bigint {
    const first = this.#byte(end);
    if (first < 0x80) return first;
    let value = BigInt(first & 0x7f);
    for (let shift = 7n; shift < 70n; shift += 7n) {
      const byte = this.#byte(end);
      value |= BigInt(byte & 0x7f) << shift;
      if (byte >= 0x80) continue;
      if (value >= 1n << 64n) break;
      const signed = BigInt.asIntN(64, value);
      const number = Number(signed);
      return Number.isSafeInteger(number) ? number : signed;
    }
    throw malformed(`varint out of range at byte ${this.position}`);
  }

  /** Reads an enum or a bool. Negative and unknown values, which proto3 permits, are read as what they are not: 0. */
  enum(end: number, largest: number): number {
    const value = this.int64(end);
    return typeof value === 'number' && value >= 0 && value <= largest ? value : 0;
  }

  /** Reads a `bool`: anything but zero is true. */
  bool(end: number): boolean {
    const value = this.int64(end);
    return value !== 0;
  }

  fixed32(end: number): number {
    const at = this.#take(4, end);
    return this.#view.getUint32(at, true);
  }

  fixed64(end: number): bigint {
    const at = this.#take(8, end);
    return this.#view.getBigUint64(at, true);
  }

  double(end: number): number {
    const at = this.#take(8, end);
    return this.#view.getFloat64(at, true);
  }

  /** Reads the length of a field and returns the offset just past its content, which begins at `position`. */
  content(end: number): number {
    const length = this.varint(end);
    if (length > end - this.position) {
      throw malformed(`field of ${length} bytes overruns its message at byte ${this.position}`);
    }
    return this.position + length;
  }

  /** Reads a `string`, which must be valid UTF-8. */
  string(end: number): string {
    const stop = this.content(end);
    return this.#text(stop);
  }

  /** Reads an attribute key: a string of which the decoded form is kept for the next time. */
  key(end: number): string {
    const stop = this.content(end);
    if (stop - this.position > MAX_KEY_BYTES) throw malformed(`attribute key over ${MAX_KEY_BYTES} bytes`);
    const key = this.#keys.find(this.bytes, this.position, stop);
    if (key === undefined) return this.#text(stop);
    this.position = stop;
    return key;
  }

  /** Reads an identifier of an exact length, as lower-case hex. Zero bytes throughout mean "none" and are refused. */
  id(end: number, sizeBytes: number, what: string): string {
    const id = this.parentId(end, sizeBytes, what);
    if (id === '') throw malformed(`${what} is empty or all zero`);
    return id;
  }

  /** Reads an identifier that may be absent: no bytes at all, or zero throughout, which is what some senders write. */
  parentId(end: number, sizeBytes: number, what: string): string {
    const start = this.position;
    const stop = this.content(end);
    const length = stop - this.position;
    if (length !== sizeBytes && length !== 0) {
      throw malformed(`${what} of ${length} bytes instead of ${sizeBytes} at byte ${start}`);
    }
    let bits = 0;
    for (let i = this.position; i < stop; i++) bits |= this.bytes[i] ?? 0;
    const id = bits === 0 ? '' : this.bytes.toString('hex', this.position, stop);
    this.position = stop;
    return id;
  }

  /** The text of a string whose first and last byte are known; it must be valid UTF-8. */
  textAt(start: number, end: number): string {
    this.position = start;
    return this.#text(end);
  }

  /** Reads `bytes` as base64. */
  base64(end: number): string {
    const stop = this.content(end);
    const text = this.bytes.toString('base64', this.position, stop);
    this.position = stop;
    return text;
  }

  /**
   * Skips a field that the reader does not use.
   *
   * @param tag - as {@link WireReader.tag} returned it
   * @param lastKnownField - fields up to this number are known to the message: to come here with one of them means
   *   that its wire type is wrong
   */
  skip(tag: number, end: number, lastKnownField: number): void {
    const field = Math.floor(tag / 8);
    if (field <= lastKnownField)
      throw malformed(`wrong wire type for field ${field} at byte ${this.position}`);
    this.ignore(tag, end);
  }

  /** Skips a field whatever its number; its bounds are checked all the same. */
  ignore(tag: number, end: number): void {
    switch (tag % 8) {
      case WIRE_VARINT:
        this.int64(end);
        return;
      case WIRE_FIXED64:
        this.#take(8, end);
        return;
      case WIRE_BYTES:
        this.position = this.content(end);
        return;
      case WIRE_FIXED32:
        this.#take(4, end);
        return;
      default:
        throw malformed(`unsupported wire type ${tag % 8} at byte ${this.position}`);
    }
  }

  #byte(end: number): number {
    if (this.position >= end) throw malformed(`message ends within a number at byte ${this.position}`);
    return this.bytes[this.position++] ?? 0;
  }

  #take(sizeBytes: number, end: number): number {
    const at = this.position;
    if (at + sizeBytes > end) throw malformed(`message ends within a number at byte ${at}`);
    this.position = at + sizeBytes;
    return at;
  }

  #text(stop: number): string {
    const start = this.position;
    this.position = stop;
    if (stop - start <= SHORT_STRING_BYTES) {
      let bits = 0;
      for (let i = start; i < stop; i++) bits |= this.bytes[i] ?? 0;
      if (bits < 0x80) return this.bytes.toString('latin1', start, stop);
    }
    try {
      return this.#utf8.decode(this.bytes.subarray(start, stop));
    } catch (cause) {
      throw malformed(`string at byte ${start} is not valid UTF-8`, cause);
    }
  }
}
