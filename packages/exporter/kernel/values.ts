// What an `AnyValue` message says, as `receive/transcode/wire-value.ts` finds out.

const VALUE_STRING: u32 = 10;
const VALUE_INTEGER: u32 = 24;
const VALUE_BOOLEAN: u32 = 16;
const VALUE_LIST: u32 = 42;
const LIST_ITEM: u32 = 10;
const MAX_SHORT_VARINT_BYTES: usize = 7;

/** Instead of an integer: the value is none, or larger than 2^49. */
export const NO_INTEGER: u64 = u64.MAX_VALUE;

/** Instead of 0 or 1: the value is no boolean. */
export const NO_BOOLEAN: u32 = 2;

/** Where the text of a value begins that is a string and nothing else, and ends where the value does; 0 for any other. */
export function stringStart(start: usize, end: usize): usize {
  return contentStart(VALUE_STRING, start, end);
}

/** Where the items begin of a value that is a list and nothing else, and end where the value does; 0 for any other. */
export function listStart(start: usize, end: usize): usize {
  return contentStart(VALUE_LIST, start, end);
}

/** Just past an item that begins here; 0 for anything else. */
export function itemEnd(item: usize, end: usize): usize {
  if (item + 2 > end || load<u8>(item) !== LIST_ITEM) return 0;
  const stop = itemStart(item) + lengthAt(item + 1);
  return isLength(item + 1) && stop <= end ? stop : 0;
}

/** Where the value of an item begins. */
export function itemStart(item: usize): usize {
  return item + (load<u8>(item, 1) < 0x80 ? 2 : 3);
}

/** What a boolean says that stands alone; {@link NO_BOOLEAN} for any other value. */
export function booleanOf(start: usize, end: usize): u32 {
  if (end - start !== 2 || load<u8>(start) !== VALUE_BOOLEAN) return NO_BOOLEAN;
  const value = <u32>load<u8>(start, 1);
  return value < NO_BOOLEAN ? value : NO_BOOLEAN;
}

/** Where the content begins of a message's only field, of which this is the tag; 0 where it is another, or is longer. */
function contentStart(tag: u32, start: usize, end: usize): usize {
  if (start + 2 > end || load<u8>(start) !== tag || !isLength(start + 1)) return 0;
  const content = itemStart(start);
  return content + lengthAt(start + 1) === end ? content : 0;
}

/** Whether a length stands here of one byte or two. */
@inline
function isLength(at: usize): bool {
  return load<u8>(at) < 0x80 || load<u8>(at, 1) < 0x80;
}

@inline
function lengthAt(at: usize): usize {
  const first = <usize>load<u8>(at);
  return first < 0x80 ? first : (first & 0x7f) + <usize>load<u8>(at, 1) * 0x80;
}

/** The integer of a value that is one, from 0 to below 2^49, and nothing else; {@link NO_INTEGER} for any other. */
export function smallInteger(start: usize, end: usize): u64 {
  if (end < start + 2 || end - start - 1 > MAX_SHORT_VARINT_BYTES) return NO_INTEGER;
  if (load<u8>(start) !== VALUE_INTEGER) return NO_INTEGER;
  let value: u64 = 0;
  let shift: u64 = 0;
  for (let at = start + 1; at < end - 1; at++) {
    const byte = <u64>load<u8>(at);
    if (byte < 0x80) return NO_INTEGER;
    value |= (byte & 0x7f) << shift;
    shift += 7;
  }
  const last = <u64>load<u8>(end - 1);
  return last < 0x80 ? value | (last << shift) : NO_INTEGER;
}
