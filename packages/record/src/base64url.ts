const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/** The two characters of each 12-bit number: half as many concatenations on the path of every record. */
const PAIRS: readonly string[] = Array.from(
  { length: 4096 },
  (_, bits) => ALPHABET.charAt(bits >> 6) + ALPHABET.charAt(bits & 63),
);

/**
 * base64url without padding (RFC 4648 section 5); written here because what runtimes have is not yet in all of them.
 *
 * @param start - First byte to encode.
 * @param end - The byte after the last.
 */
export function encodeBase64url(bytes: Uint8Array, start = 0, end: number = bytes.length): string {
  let text = '';
  let i = start;
  for (; i + 2 < end; i += 3) {
    const bits = (byteAt(bytes, i) << 16) | (byteAt(bytes, i + 1) << 8) | byteAt(bytes, i + 2);
    text += pair(bits >> 12) + pair(bits & 0xfff);
  }
  if (i + 1 === end) return text + pair(byteAt(bytes, i) << 4);
  if (i + 2 !== end) return text;
  const bits = (byteAt(bytes, i) << 10) | (byteAt(bytes, i + 1) << 2);
  return text + pair(bits >> 6) + ALPHABET.charAt(bits & 63);
}

/** Characters of so many bytes. */
export function base64urlLength(sizeBytes: number): number {
  return Math.ceil((sizeBytes * 4) / 3);
}

/**
 * {@link encodeBase64url}, as ASCII into a buffer.
 *
 * @param target - With room for {@link base64urlLength} bytes from `offset` on.
 */
export function writeBase64url(
  target: Uint8Array,
  offset: number,
  bytes: Uint8Array,
  start: number,
  end: number,
): void {
  let bits = 0;
  let count = 0;
  let at = offset;
  for (let i = start; i < end; i++) {
    bits = ((bits & 0xf) << 8) | byteAt(bytes, i);
    count += 8;
    for (; count >= 6; count -= 6) target[at++] = ALPHABET.charCodeAt((bits >> (count - 6)) & 63);
  }
  if (count > 0) target[at] = ALPHABET.charCodeAt((bits << (6 - count)) & 63);
}

function byteAt(bytes: Uint8Array, index: number): number {
  return bytes[index] ?? 0;
}

function pair(bits: number): string {
  return PAIRS[bits] ?? '';
}
