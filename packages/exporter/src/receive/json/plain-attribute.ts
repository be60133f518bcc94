import type { JsonScan } from './json-scan.ts';
import type { MessageWriter } from './message-writer.ts';
import { copyPlain } from './plain-text.ts';
import { TextPattern } from './text-pattern.ts';

const QUOTE = 0x22;
const ZERO = 0x30;
const CLOSE_BRACE = 0x7d;

const KEY_TEXT = new TextPattern('{"key":"');
const STRING_TEXT = new TextPattern('","value":{"stringValue":"');
const INTEGER_TEXT = new TextPattern('","value":{"intValue":');
const TAG_KEY = (1 << 3) | 2;
const TAG_VALUE = (2 << 3) | 2;
const TAG_STRING = (1 << 3) | 2;
const TAG_INTEGER = 3 << 3;

/** A tag and a length that takes one byte. */
const HEAD_BYTES = 2;
/** The largest length that one byte can say. */
const MAX_LENGTH = 0x7f;
/** The attribute, and its value. */
const CONTAINERS = 2;
/** Digits of an integer that is exact as a number. */
const MAX_EXACT_DIGITS = 15;

/** Instead of an offset: the value is not a plain one. */
const NOT_PLAIN = -1;

/**
 * Takes an attribute that is written as nearly all are: a key, and a string or an integer from 0 on, without spaces and
 * escapes, and short enough for each length to take one byte.
 *
 * @param tag - of the field that it is in
 * @returns false, and nothing is taken, for any other
 */
export function takePlainAttribute(scan: JsonScan, writer: MessageWriter, tag: number): boolean {
  const { bytes, view, at } = scan;
  if (!KEY_TEXT.matches(view, at)) return false;
  const { bytes: out, length: start } = writer;
  const content = start + HEAD_BYTES;
  const key = at + KEY_TEXT.length;
  const keyBytes = copyPlain(scan, key, writer, content + HEAD_BYTES);
  const value = content + HEAD_BYTES + keyBytes;
  writer.length = value + HEAD_BYTES;
  const keyEnd = key + keyBytes;
  let end = NOT_PLAIN;
  if (STRING_TEXT.matches(view, keyEnd)) end = copyString(scan, keyEnd + STRING_TEXT.length, writer);
  else if (INTEGER_TEXT.matches(view, keyEnd)) end = copyInteger(bytes, keyEnd + INTEGER_TEXT.length, writer);
  const sizeBytes = writer.length - content;
  if (bytes[end] !== CLOSE_BRACE || bytes[end + 1] !== CLOSE_BRACE || sizeBytes > MAX_LENGTH) {
    writer.length = start;
    return false;
  }
  out[start] = tag;
  out[start + 1] = sizeBytes;
  out[content] = TAG_KEY;
  out[content + 1] = keyBytes;
  out[value] = TAG_VALUE;
  out[value + 1] = writer.length - value - HEAD_BYTES;
  scan.at = end + 2;
  scan.containers += CONTAINERS;
  return true;
}

/** Copies the rest of a string; returns the offset just past its quote. */
function copyString(scan: JsonScan, start: number, writer: MessageWriter): number {
  const { bytes: out, length } = writer;
  const sizeBytes = copyPlain(scan, start, writer, length + HEAD_BYTES);
  out[length] = TAG_STRING;
  out[length + 1] = sizeBytes;
  writer.length = length + HEAD_BYTES + sizeBytes;
  return scan.bytes[start + sizeBytes] === QUOTE ? start + sizeBytes + 1 : NOT_PLAIN;
}

/** Writes an integer that stands in quotes or without; returns the offset just past it. */
function copyInteger(bytes: Uint8Array, start: number, writer: MessageWriter): number {
  const isQuoted = bytes[start] === QUOTE;
  const first = isQuoted ? start + 1 : start;
  let at = first;
  let value = 0;
  for (;;) {
    const digit = (bytes[at] ?? 0) - ZERO;
    if (digit < 0 || digit > 9) break;
    value = value * 10 + digit;
    at++;
  }
  const digits = at - first;
  if (digits === 0 || digits > MAX_EXACT_DIGITS || (digits > 1 && bytes[first] === ZERO)) return NOT_PLAIN;
  if (isQuoted && bytes[at++] !== QUOTE) return NOT_PLAIN;
  writer.tag(TAG_INTEGER);
  writer.varint(value);
  return at;
}
