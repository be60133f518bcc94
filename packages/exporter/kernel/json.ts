// Attributes of OTLP/JSON, as `receive/json/plain-attribute.ts` takes them, one behind the other.
import { JSON_COUNT, JSON_OUT, JSON_RESULT_AT } from '../src/receive/kernel/layout';
import { copy, isSame, unescapedEnd } from './text';

/** `{"key":"`, in the order of bytes in memory. */
const KEY_TEXT: u64 = 0x223a2279656b227b;
const KEY_TEXT_BYTES: usize = 8;
/** `","value":{"stringValue":"` */
const STRING_TEXT = memory.data<u8>([
  34, 44, 34, 118, 97, 108, 117, 101, 34, 58, 123, 34, 115, 116, 114, 105, 110, 103, 86, 97, 108, 117, 101, 34, 58, 34,
]);
const STRING_TEXT_BYTES: usize = 26;
/** `","value":{"intValue":` */
const INTEGER_TEXT = memory.data<u8>([
  34, 44, 34, 118, 97, 108, 117, 101, 34, 58, 123, 34, 105, 110, 116, 86, 97, 108, 117, 101, 34, 58,
]);
const INTEGER_TEXT_BYTES: usize = 22;
/** What ends the value, and the attribute. */
const ENDS: u16 = 0x7d7d;

const TAG_KEY: u8 = 10;
const TAG_VALUE: u8 = 18;
const TAG_STRING: u8 = 10;
const TAG_INTEGER: u8 = 24;
const QUOTE: u8 = 0x22;
const COMMA: u8 = 0x2c;
const ZERO: u32 = 0x30;
const MAX_KEY_BYTES: usize = 1024;
const MAX_EXACT_DIGITS: usize = 15;
/** What is longer has a length of more than two bytes. */
const MAX_LENGTH: usize = 0x3fff;
/** Besides keys and values, no attribute takes more than its tags and lengths. */
const MAX_HEAD_BYTES: usize = 16;

/** Just past what was written last. */
let outAt: usize = 0;

/**
 * Writes attributes as protobuf, from one that begins here on, as long as they are plain and follow one another without
 * spaces. Where it ends, and how many there were, is left at JSON_RESULT_AT.
 *
 * @param end just past the text
 * @param out where they go, of as many bytes as the text
 * @param tag of the field that each is in
 * @returns just past the last one that was taken
 */
export function takeAttributes(start: usize, end: usize, out: usize, tag: u32): usize {
  let at = start;
  let taken = start;
  let count: u32 = 0;
  outAt = out;
  for (;;) {
    const next = takeAttribute(at, end, tag);
    if (next === 0) break;
    taken = next;
    count++;
    if (next >= end || load<u8>(next) !== COMMA) break;
    at = next + 1;
  }
  store<u32>(JSON_RESULT_AT + JSON_OUT, <u32>outAt);
  store<u32>(JSON_RESULT_AT + JSON_COUNT, count);
  return taken;
}

/** Writes one attribute; returns just past it, or 0, and nothing is written, if it is not a plain one. */
function takeAttribute(at: usize, end: usize, tag: u32): usize {
  if (at + KEY_TEXT_BYTES > end || load<u64>(at) !== KEY_TEXT) return 0;
  const key = at + KEY_TEXT_BYTES;
  const keyEnd = unescapedEnd(key, end);
  if (keyEnd - key > MAX_KEY_BYTES) return 0;
  if (keyEnd + STRING_TEXT_BYTES <= end && isSame(keyEnd, STRING_TEXT, STRING_TEXT_BYTES))
    return takeString(key, keyEnd, end, tag);
  if (keyEnd + INTEGER_TEXT_BYTES <= end && isSame(keyEnd, INTEGER_TEXT, INTEGER_TEXT_BYTES))
    return takeInteger(key, keyEnd, end, tag);
  return 0;
}

function takeString(key: usize, keyEnd: usize, end: usize, tag: u32): usize {
  const text = keyEnd + STRING_TEXT_BYTES;
  const textEnd = unescapedEnd(text, end);
  if (textEnd >= end || load<u8>(textEnd) !== QUOTE || !isEnd(textEnd + 1, end)) return 0;
  const length = textEnd - text;
  if (length + (keyEnd - key) + MAX_HEAD_BYTES > MAX_LENGTH) return 0;
  const at = writeHead(key, keyEnd - key, 1 + lengthBytes(length) + length, tag);
  store<u8>(at, TAG_STRING);
  outAt = copy(writeLength(at + 1, length), text, length);
  return textEnd + 3;
}

function takeInteger(key: usize, keyEnd: usize, end: usize, tag: u32): usize {
  let at = keyEnd + INTEGER_TEXT_BYTES;
  const isQuoted = at < end && load<u8>(at) === QUOTE;
  if (isQuoted) at++;
  const first = at;
  let value: u64 = 0;
  for (; at < end; at++) {
    const digit = <u32>load<u8>(at) - ZERO;
    if (digit > 9 || at - first === MAX_EXACT_DIGITS) break;
    value = value * 10 + <u64>digit;
  }
  const digits = at - first;
  if (digits === 0 || (digits > 1 && <u32>load<u8>(first) === ZERO)) return 0;
  if (isQuoted) {
    if (at >= end || load<u8>(at) !== QUOTE) return 0;
    at++;
  }
  if (!isEnd(at, end)) return 0;
  let bytes: usize = 1;
  for (let rest = value >> 7; rest !== 0; rest >>= 7) bytes++;
  let to = writeHead(key, keyEnd - key, 1 + bytes, tag);
  store<u8>(to++, TAG_INTEGER);
  for (; value > 0x7f; value >>= 7) store<u8>(to++, <u8>(value & 0x7f) | 0x80);
  store<u8>(to, <u8>value);
  outAt = to + 1;
  return at + 2;
}

function isEnd(at: usize, end: usize): bool {
  return at + 2 <= end && load<u16>(at) === ENDS;
}

/** Writes an attribute up to its value's content, of so many bytes. */
function writeHead(key: usize, keyBytes: usize, valueBytes: usize, tag: u32): usize {
  const keyField = 1 + lengthBytes(keyBytes) + keyBytes;
  store<u8>(outAt, <u8>tag);
  let at = writeLength(outAt + 1, keyField + 1 + lengthBytes(valueBytes) + valueBytes);
  store<u8>(at, TAG_KEY);
  at = copy(writeLength(at + 1, keyBytes), key, keyBytes);
  store<u8>(at, TAG_VALUE);
  return writeLength(at + 1, valueBytes);
}

@inline
function lengthBytes(length: usize): usize {
  return length < 0x80 ? 1 : 2;
}

/** Writes a length of up to {@link MAX_LENGTH}. */
@inline
function writeLength(at: usize, length: usize): usize {
  if (length < 0x80) {
    store<u8>(at, <u8>length);
    return at + 1;
  }
  store<u8>(at, <u8>(length & 0x7f) | 0x80);
  store<u8>(at, <u8>(length >> 7), 1);
  return at + 2;
}
