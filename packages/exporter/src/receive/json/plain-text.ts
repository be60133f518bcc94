import type { JsonScan } from './json-scan.ts';
import type { MessageWriter } from './message-writer.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const SPACE = 0x20;

const WORD_BYTES = 4;
// The same in each byte of a word.
const ONES = 0x01010101;
const QUOTES = 0x22222222;
const BACKSLASHES = 0x5c5c5c5c;
const SPACES = 0x20202020;
const HIGH_BITS = 0x80808080;

/**
 * Copies text up to a quote, a backslash, or a control character, none of which is copied.
 *
 * @param start - offset in the text
 * @param to - offset in what is written, whose length stays as it is
 * @returns how many bytes were copied
 */
export function copyPlain(
  { bytes, view }: JsonScan,
  start: number,
  { bytes: out, view: outView }: MessageWriter,
  to: number,
): number {
  const room = Math.min(bytes.length - start, out.length - to);
  let count = 0;
  // Of four bytes at once: whether one of them is none to copy. Subtracting borrows where a byte is too small.
  while (count + WORD_BYTES <= room) {
    const word = view.getInt32(start + count, true);
    const quotes = word ^ QUOTES;
    const backslashes = word ^ BACKSLASHES;
    const borrowed =
      ((quotes - ONES) & ~quotes) | ((backslashes - ONES) & ~backslashes) | ((word - SPACES) & ~word);
    if ((borrowed & HIGH_BITS) !== 0) break;
    outView.setInt32(to + count, word, true);
    count += WORD_BYTES;
  }
  for (; count < room; count++) {
    const byte = bytes[start + count] ?? 0;
    if (byte === QUOTE || byte === BACKSLASH || byte < SPACE) break;
    out[to + count] = byte;
  }
  return count;
}
