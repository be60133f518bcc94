// What an `AnyValue` message says, as `receive/transcode/wire-value.ts` finds out.

const VALUE_STRING: u32 = 10;
const VALUE_INTEGER: u32 = 24;
const MAX_SHORT_VARINT_BYTES: usize = 7;

/** Instead of an integer: the value is none, or larger than 2^49. */
export const NO_INTEGER: u64 = u64.MAX_VALUE;

/** Where the text of a value begins that is a string and nothing else, and ends where the value does; 0 for any other. */
export function stringStart(start: usize, end: usize): usize {
  if (start >= end || load<u8>(start) !== VALUE_STRING) return 0;
  const first = <usize>load<u8>(start, 1);
  if (first < 0x80) return start + 2 + first === end ? start + 2 : 0;
  const second = <usize>load<u8>(start, 2);
  if (second >= 0x80) return 0;
  return start + 3 + (first & 0x7f) + second * 0x80 === end ? start + 3 : 0;
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
