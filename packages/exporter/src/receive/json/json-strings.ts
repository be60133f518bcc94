import type { JsonScan } from './json-scan.ts';
import type { MessageWriter } from './message-writer.ts';
import { copyPlain } from './plain-text.ts';
import { UnusualJson } from './unusual-json.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const SPACE = 0x20;
const LOWER_U = 0x75;
const HEX_DIGITS = 4;

const HIGH_SURROGATE = 0xd800;
const LOW_SURROGATE = 0xdc00;
const AFTER_SURROGATES = 0xe000;
const FIRST_OF_PAIRS = 0x10000;

/** What a letter after a backslash stands for; 0 for those that stand for nothing. */
const ESCAPES = new Uint8Array(256);
for (const [letter = '', meant = ''] of ['""', '\\\\', '//', 'b\b', 'f\f', 'n\n', 'r\r', 't\t']) {
  ESCAPES[letter.charCodeAt(0)] = meant.charCodeAt(0);
}

/** The values of hex digits; {@link NO_DIGIT} for all other bytes. */
const DIGITS = new Uint8Array(256);
const NO_DIGIT = 0x80;
DIGITS.fill(NO_DIGIT);
for (const digit of '0123456789abcdefABCDEF') DIGITS[digit.charCodeAt(0)] = Number.parseInt(digit, 16);

/** Copies the rest of a string, and takes its closing quote. */
export function copyText(scan: JsonScan, writer: MessageWriter): void {
  for (;;) {
    const sizeBytes = copyPlain(scan, scan.at, writer, writer.length);
    writer.length += sizeBytes;
    scan.at += sizeBytes;
    const byte = scan.bytes[scan.at++] ?? 0;
    if (byte === QUOTE) return;
    if (byte !== BACKSLASH) throw new UnusualJson();
    copyEscaped(scan, writer);
  }
}

/** Takes the rest of a string that nobody reads, and its closing quote. */
export function skipText(scan: JsonScan): void {
  const { bytes } = scan;
  for (;;) {
    const byte = bytes[scan.at++] ?? 0;
    if (byte === QUOTE) return;
    if (byte < SPACE) throw new UnusualJson();
    if (byte !== BACKSLASH) continue;
    const letter = bytes[scan.at++] ?? 0;
    if (letter === LOWER_U) takeCodeUnit(scan);
    else if (ESCAPES[letter] === 0) throw new UnusualJson();
  }
}

/**
 * Copies an id that is written in hex, whose opening quote was taken.
 *
 * @returns false, and nothing is written, for one that is empty or zero throughout
 */
export function copyHex(scan: JsonScan, writer: MessageWriter, sizeBytes: number): boolean {
  const { bytes } = scan;
  const { bytes: out, length } = writer;
  let at = scan.at;
  if (bytes[at] === QUOTE) {
    scan.at++;
    return false;
  }
  let wrong = 0;
  let seen = 0;
  for (let to = length; to < length + sizeBytes; to++) {
    const upper = DIGITS[bytes[at++] ?? 0] ?? 0;
    const lower = DIGITS[bytes[at++] ?? 0] ?? 0;
    wrong |= upper | lower;
    seen |= out[to] = (upper << 4) | lower;
  }
  if (bytes[at] !== QUOTE || (wrong & NO_DIGIT) !== 0) throw new UnusualJson();
  scan.at = at + 1;
  if (seen === 0) return false;
  writer.length += sizeBytes;
  return true;
}

/** Copies what is escaped by a backslash, which was taken. */
function copyEscaped(scan: JsonScan, writer: MessageWriter): void {
  const letter = scan.bytes[scan.at++] ?? 0;
  if (letter === LOWER_U) {
    copyCodePoint(takeCodePoint(scan), writer);
    return;
  }
  const meant = ESCAPES[letter] ?? 0;
  if (meant === 0) throw new UnusualJson();
  writer.bytes[writer.length++] = meant;
}

/** Takes four hex digits, and the second half where they are the first one of a pair. Half a pair is no text. */
function takeCodePoint(scan: JsonScan): number {
  const first = takeCodeUnit(scan);
  if (first < HIGH_SURROGATE || first >= AFTER_SURROGATES) return first;
  const { bytes } = scan;
  const isEscaped = bytes[scan.at++] === BACKSLASH && bytes[scan.at++] === LOWER_U;
  const second = isEscaped ? takeCodeUnit(scan) : 0;
  if (first >= LOW_SURROGATE || second < LOW_SURROGATE || second >= AFTER_SURROGATES) throw new UnusualJson();
  return FIRST_OF_PAIRS + (first - HIGH_SURROGATE) * 0x400 + second - LOW_SURROGATE;
}

function takeCodeUnit(scan: JsonScan): number {
  let unit = 0;
  for (let i = 0; i < HEX_DIGITS; i++) {
    const digit = DIGITS[scan.bytes[scan.at++] ?? 0] ?? 0;
    if (digit === NO_DIGIT) throw new UnusualJson();
    unit = unit * 16 + digit;
  }
  return unit;
}

/** Writes a code point in UTF-8. */
function copyCodePoint(point: number, writer: MessageWriter): void {
  const { bytes } = writer;
  if (point < 0x80) {
    bytes[writer.length++] = point;
    return;
  }
  if (point < 0x800) bytes[writer.length++] = 0xc0 | (point >> 6);
  else {
    if (point < FIRST_OF_PAIRS) bytes[writer.length++] = 0xe0 | (point >> 12);
    else {
      bytes[writer.length++] = 0xf0 | (point >> 18);
      bytes[writer.length++] = 0x80 | ((point >> 12) & 0x3f);
    }
    bytes[writer.length++] = 0x80 | ((point >> 6) & 0x3f);
  }
  bytes[writer.length++] = 0x80 | (point & 0x3f);
}
