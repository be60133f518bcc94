import { Buffer } from 'node:buffer';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const ZERO = 0x30;

const HEX = Uint8Array.from(Buffer.from('0123456789abcdef', 'latin1'));

const BASE64URL = Uint8Array.from(
  Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_', 'latin1'),
);

/** Digits that fit into the integers that the engine is quick with. */
const SHORT_INTEGER = 1_000_000_000;
const SHORT_DIGITS = 9;

/**
 * Copies a string of printable ASCII without quote and backslash, between quotes: its canonical form is itself.
 *
 * @returns just past what was written; -1 for any other string
 */
export function writePlainString(
  out: Uint8Array,
  at: number,
  bytes: Uint8Array,
  start: number,
  end: number,
): number {
  out[at++] = QUOTE;
  for (let i = start; i < end; i++) {
    const byte = bytes[i] ?? 0;
    if (byte < 0x20 || byte > 0x7e || byte === QUOTE || byte === BACKSLASH) return -1;
    out[at++] = byte;
  }
  out[at++] = QUOTE;
  return at;
}

/** Writes ASCII text; returns just past it. */
export function writeAscii(out: Uint8Array, at: number, text: string): number {
  for (let i = 0; i < text.length; i++) out[at + i] = text.charCodeAt(i);
  return at + text.length;
}

/** Writes bytes as lower-case hex; returns just past it. */
export function writeHex(
  out: Uint8Array,
  at: number,
  bytes: Uint8Array,
  start: number,
  sizeBytes: number,
): number {
  for (let i = start; i < start + sizeBytes; i++) {
    const byte = bytes[i] ?? 0;
    out[at++] = HEX[byte >> 4] ?? 0;
    out[at++] = HEX[byte & 15] ?? 0;
  }
  return at;
}

/**
 * Writes bytes as base64url without padding; returns just past it.
 *
 * @param sizeBytes - one more than a multiple of three, as of a salt
 */
export function writeSalt(
  out: Uint8Array,
  at: number,
  bytes: Uint8Array,
  start: number,
  sizeBytes: number,
): number {
  const last = start + sizeBytes - 1;
  for (let i = start; i < last; i += 3) {
    const bits = ((bytes[i] ?? 0) << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0);
    out[at++] = BASE64URL[bits >> 18] ?? 0;
    out[at++] = BASE64URL[(bits >> 12) & 63] ?? 0;
    out[at++] = BASE64URL[(bits >> 6) & 63] ?? 0;
    out[at++] = BASE64URL[bits & 63] ?? 0;
  }
  const bits = bytes[last] ?? 0;
  out[at++] = BASE64URL[bits >> 2] ?? 0;
  out[at++] = BASE64URL[(bits & 3) << 4] ?? 0;
  return at;
}

/** Writes an integer from 0 to 2^53 in decimal; returns just past it. */
export function writeInteger(out: Uint8Array, at: number, value: number): number {
  if (value >= SHORT_INTEGER) {
    const high = Math.floor(value / SHORT_INTEGER);
    return writeDigits(out, writeInteger(out, at, high), value - high * SHORT_INTEGER, SHORT_DIGITS);
  }
  let digits = 1;
  for (let power = 10; power <= value; power *= 10) digits++;
  return writeDigits(out, at, value, digits);
}

/** Writes an integer below 10^9 in so many digits; returns just past it. */
export function writeDigits(out: Uint8Array, at: number, value: number, digits: number): number {
  let rest = value;
  for (let i = at + digits - 1; i >= at; i--) {
    const tenth = (rest / 10) | 0;
    out[i] = ZERO + rest - tenth * 10;
    rest = tenth;
  }
  return at + digits;
}
