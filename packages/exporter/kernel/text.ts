// How values are written as canonical JSON. Copies go by vectors: up to 15 bytes behind what is meant are written too,
// and are written over by what comes next.

const BASE64URL = memory.data<u8>([
  65, 66, 67, 68, 69, 70, 71, 72, 73, 74, 75, 76, 77, 78, 79, 80, 81, 82, 83, 84, 85, 86, 87, 88, 89, 90, 97, 98,
  99, 100, 101, 102, 103, 104, 105, 106, 107, 108, 109, 110, 111, 112, 113, 114, 115, 116, 117, 118, 119, 120, 121,
  122, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 45, 95,
]);

const QUOTE: u8 = 0x22;
const BACKSLASH: i8 = 0x5c;
const DELETE: i8 = 0x7f;
const ZERO: u32 = 0x30;
/** Instead of an escape: it takes more than two characters. */
const NO_ESCAPE: u8 = 0xff;
const SHORT_INTEGER: u64 = 1_000_000_000;

/** Copies bytes; returns just past them. */
@inline
export function copy(out: usize, from: usize, length: usize): usize {
  for (let i: usize = 0; i < length; i += 16) v128.store(out + i, v128.load(from + i));
  return out + length;
}

/** Whether bytes are the same. */
export function isSame(one: usize, other: usize, length: usize): bool {
  let i: usize = 0;
  for (; i + 16 <= length; i += 16) {
    if (!i8x16.all_true(i8x16.eq(v128.load(one + i), v128.load(other + i)))) return false;
  }
  if (i === length) return true;
  const mask = (1 << (<i32>(length - i))) - 1;
  return (i8x16.bitmask(i8x16.eq(v128.load(one + i), v128.load(other + i))) & mask) === mask;
}

/** Writes ASCII, between quotes, with the escapes that it needs; 0 for any other text. */
export function writeString(out: usize, from: usize, length: usize): usize {
  store<u8>(out, QUOTE);
  let unplain = i8x16.splat(0);
  let i: usize = 0;
  for (; i + 16 <= length; i += 16) {
    const part = v128.load(from + i);
    unplain = v128.or(unplain, unplainOf(part));
    v128.store(out + 1 + i, part);
  }
  if (i < length) {
    const part = v128.load(from + i);
    if ((i8x16.bitmask(unplainOf(part)) & ((1 << (<i32>(length - i))) - 1)) !== 0)
      return writeEscaped(out, from, length);
    v128.store(out + 1 + i, part);
  }
  if (v128.any_true(unplain)) return writeEscaped(out, from, length);
  store<u8>(out + 1 + length, QUOTE);
  return out + length + 2;
}

/** Writes text byte by byte, escaped as RFC 8785, 3.2.2.2 says; 0 where it is not ASCII, or has odd control characters. */
function writeEscaped(out: usize, from: usize, length: usize): usize {
  let at = out + 1;
  for (let i: usize = 0; i < length; i++) {
    const byte = load<u8>(from + i);
    if (byte > <u8>DELETE) return 0;
    const escaped = escapeOf(byte);
    if (escaped === 0) store<u8>(at++, byte);
    else if (escaped === NO_ESCAPE) return 0;
    else {
      store<u8>(at, <u8>BACKSLASH);
      store<u8>(at + 1, escaped);
      at += 2;
    }
  }
  store<u8>(at, QUOTE);
  return at + 1;
}

/** What stands behind the backslash for a byte; 0 for one that stands for itself. */
function escapeOf(byte: u8): u8 {
  if (byte === QUOTE || byte === <u8>BACKSLASH) return byte;
  if (byte >= 0x20) return 0;
  switch (byte) {
    case 0x08:
      return 0x62;
    case 0x09:
      return 0x74;
    case 0x0a:
      return 0x6e;
    case 0x0c:
      return 0x66;
    case 0x0d:
      return 0x72;
    default:
      return NO_ESCAPE;
  }
}

/** Where text of JSON ends that needs no escapes: at a quote, a backslash, a control character, or at `end`. */
export function unescapedEnd(start: usize, end: usize): usize {
  for (let at = start; at < end; at += 16) {
    const part = v128.load(at);
    const stops = v128.or(
      v128.or(i8x16.eq(part, i8x16.splat(QUOTE)), i8x16.eq(part, i8x16.splat(BACKSLASH))),
      i8x16.lt_u(part, i8x16.splat(0x20)),
    );
    if (!v128.any_true(stops)) continue;
    const stop = at + <usize>ctz(i8x16.bitmask(stops));
    return stop < end ? stop : end;
  }
  return end;
}

/** Bytes that do not stand for themselves; above 0x7f they are negative. */
@inline
function unplainOf(part: v128): v128 {
  return v128.or(
    v128.or(i8x16.lt_s(part, i8x16.splat(0x20)), i8x16.eq(part, i8x16.splat(QUOTE))),
    v128.or(i8x16.eq(part, i8x16.splat(BACKSLASH)), i8x16.eq(part, i8x16.splat(DELETE))),
  );
}

/** Writes text of which it is known that it needs no escapes, between quotes. */
export function writeQuoted(out: usize, from: usize, length: usize): usize {
  store<u8>(out, QUOTE);
  copy(out + 1, from, length);
  store<u8>(out + 1 + length, QUOTE);
  return out + length + 2;
}

/** Writes eight bytes as sixteen hexadecimal digits. */
export function writeHex8(out: usize, from: usize): usize {
  const bytes = v128.load64_zero(from);
  const high = v128.and(i16x8.shr_u(bytes, 4), i8x16.splat(15));
  const low = v128.and(bytes, i8x16.splat(15));
  const digits = i8x16.shuffle(high, low, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
  const alphabet = i8x16(48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 97, 98, 99, 100, 101, 102);
  v128.store(out, i8x16.swizzle(alphabet, digits));
  return out + 16;
}

/** Writes an integer in decimal. */
export function writeInteger(out: usize, value: u64): usize {
  if (value >= SHORT_INTEGER) {
    const high = value / SHORT_INTEGER;
    return writeNineDigits(writeInteger(out, high), <u32>(value - high * SHORT_INTEGER));
  }
  const short = <u32>value;
  let length: usize = 1;
  for (let power: u32 = 10; power <= short; power *= 10) length++;
  return writeDigits(out, short, length);
}

/** Writes an integer below 10^9 in nine digits. */
export function writeNineDigits(out: usize, value: u32): usize {
  return writeDigits(out, value, 9);
}

/** Writes an integer in so many digits. */
export function writeDigits(out: usize, value: u32, length: usize): usize {
  let rest = value;
  for (let at = out + length - 1; at >= out; at--) {
    const tenth = rest / 10;
    store<u8>(at, <u8>(ZERO + rest - tenth * 10));
    rest = tenth;
  }
  return out + length;
}

/** Writes so many groups of three bytes as base64url. */
export function writeBase64Triples(out: usize, from: usize, triples: i32): usize {
  let at = out;
  let source = from;
  for (let i = 0; i < triples; i++) {
    const bits =
      (<u32>load<u8>(source) << 16) | (<u32>load<u8>(source, 1) << 8) | <u32>load<u8>(source, 2);
    store<u8>(at, load<u8>(BASE64URL + (bits >> 18)));
    store<u8>(at, load<u8>(BASE64URL + ((bits >> 12) & 63)), 1);
    store<u8>(at, load<u8>(BASE64URL + ((bits >> 6) & 63)), 2);
    store<u8>(at, load<u8>(BASE64URL + (bits & 63)), 3);
    source += 3;
    at += 4;
  }
  return at;
}

/** Writes sixteen bytes, a salt, as base64url without padding. */
export function writeSalt(out: usize, from: usize): usize {
  const at = writeBase64Triples(out, from, 5);
  const last = <u32>load<u8>(from, 15);
  store<u8>(at, load<u8>(BASE64URL + (last >> 2)));
  store<u8>(at, load<u8>(BASE64URL + ((last & 3) << 4)), 1);
  return at + 2;
}

/** Writes 32 bytes, a hash, as base64url without padding. */
export function writeHash(out: usize, from: usize): usize {
  const at = writeBase64Triples(out, from, 10);
  const bits = (<u32>load<u8>(from, 30) << 16) | (<u32>load<u8>(from, 31) << 8);
  store<u8>(at, load<u8>(BASE64URL + (bits >> 18)));
  store<u8>(at, load<u8>(BASE64URL + ((bits >> 12) & 63)), 1);
  store<u8>(at, load<u8>(BASE64URL + ((bits >> 6) & 63)), 2);
  return at + 3;
}
