import { Buffer } from 'node:buffer';
import type { JsonScan } from './json-scan.ts';
import { UnusualJson } from './unusual-json.ts';

const QUOTE = 0x22;
const PLUS = 0x2b;
const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;
const LOWER_E = 0x65;
/** Makes a letter of ASCII a small one. */
const CASE_BIT = 0x20;

/** Digits of an integer that is exact as a number. */
const MAX_EXACT_DIGITS = 15;
/** Digits that `int64` and `uint64` have at the most. */
const MAX_DIGITS = 20;
/** Of the second half of an integer that is read in two. */
const HALF_DIGITS = 9;
const HALF = 10 ** HALF_DIGITS;

const TWO_TO_16 = 2 ** 16;
const MAX_UINT16 = 0xffff;
const TWO_TO_32 = 2 ** 32;
const INT64_MIN = -(2n ** 63n);
const INT64_MAX = 2n ** 63n - 1n;

const DOUBLES = new Map([
  ['NaN', Number.NaN],
  ['Infinity', Number.POSITIVE_INFINITY],
  ['-Infinity', Number.NEGATIVE_INFINITY],
]);

/** Takes an integer from 0 to below 10^15, without quotes. */
export function takeCount(scan: JsonScan): number {
  scan.peek();
  const start = scan.at;
  const digits = takeDigits(scan);
  if (digits > MAX_EXACT_DIGITS || (digits > 1 && scan.bytes[start] === ZERO)) throw new UnusualJson();
  return valueOf(scan.bytes, start, start + digits);
}

/** A `fixed64`, in two halves. */
export interface Halves {
  high: number;
  low: number;
}

/** Takes a `fixed64`: a decimal string or a number. */
export function takeUint64(scan: JsonScan, into: Halves): void {
  const isQuoted = scan.take(QUOTE);
  const start = scan.at;
  const digits = takeDigits(scan);
  const { bytes } = scan;
  if (digits > MAX_DIGITS || (!isQuoted && digits > 1 && bytes[start] === ZERO)) throw new UnusualJson();
  const middle = start + Math.max(digits - HALF_DIGITS, 0);
  const first = valueOf(bytes, start, middle);
  const second = valueOf(bytes, middle, start + digits);
  // first * 10^9 + second, by parts that are exact as numbers; bits are taken of more than 32, too.
  const lowest = first & MAX_UINT16;
  const upper = ((first - lowest) / TWO_TO_16) * HALF;
  const carried = upper & MAX_UINT16;
  const lower = carried * TWO_TO_16 + lowest * HALF + second;
  into.low = lower >>> 0;
  into.high = (upper - carried) / TWO_TO_16 + (lower - into.low) / TWO_TO_32;
  if (into.high >= TWO_TO_32) throw new UnusualJson();
  if (isQuoted) closeQuote(scan);
}

/** Takes an `int64`: a decimal string or a number; a bigint where it is negative, or may not be exact. */
export function takeInt64(scan: JsonScan): number | bigint {
  const isQuoted = scan.take(QUOTE);
  const start = scan.at;
  const isNegative = scan.bytes[start] === MINUS;
  if (isNegative) scan.at++;
  const first = scan.at;
  const digits = takeDigits(scan);
  const { bytes } = scan;
  if (digits > MAX_DIGITS || (!isQuoted && digits > 1 && bytes[first] === ZERO)) throw new UnusualJson();
  const end = scan.at;
  if (isQuoted) closeQuote(scan);
  if (!isNegative && digits <= MAX_EXACT_DIGITS) return valueOf(bytes, start, end);
  const value = BigInt(textOf(bytes, start, end));
  if (value < INT64_MIN || value > INT64_MAX) throw new UnusualJson();
  return value;
}

/** Takes a `double`: a number, or what JSON has no number for as a string. */
export function takeDouble(scan: JsonScan): number {
  if (scan.take(QUOTE)) {
    const start = scan.at;
    const value = DOUBLES.get(textOf(scan.bytes, start, scan.plainText()));
    if (value === undefined) throw new UnusualJson();
    return value;
  }
  const start = scan.at;
  takeNumber(scan);
  return Number(textOf(scan.bytes, start, scan.at));
}

/** Takes a number, whatever it is. */
export function takeNumber(scan: JsonScan): void {
  const { bytes } = scan;
  if (bytes[scan.at] === MINUS) scan.at++;
  const start = scan.at;
  if (takeDigits(scan) > 1 && bytes[start] === ZERO) throw new UnusualJson();
  if (bytes[scan.at] === POINT) {
    scan.at++;
    takeDigits(scan);
  }
  if (((bytes[scan.at] ?? 0) | CASE_BIT) === LOWER_E) {
    const sign = bytes[++scan.at];
    if (sign === PLUS || sign === MINUS) scan.at++;
    takeDigits(scan);
  }
}

/** Takes one digit or more; returns how many. */
function takeDigits(scan: JsonScan): number {
  const { bytes, at: start } = scan;
  let at = start;
  while (((bytes[at] ?? 0) - ZERO) >>> 0 <= 9) at++;
  if (at === start) throw new UnusualJson();
  scan.at = at;
  return at - start;
}

function closeQuote(scan: JsonScan): void {
  if (scan.bytes[scan.at++] !== QUOTE) throw new UnusualJson();
}

function valueOf(bytes: Uint8Array, start: number, end: number): number {
  let value = 0;
  for (let at = start; at < end; at++) value = value * 10 + (bytes[at] ?? 0) - ZERO;
  return value;
}

function textOf(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('latin1');
}
