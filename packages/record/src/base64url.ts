const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/** base64url without padding (RFC 4648 section 5). Written here because no runtime-neutral encoder exists yet. */
export function encodeBase64url(bytes: Uint8Array, start = 0, end: number = bytes.length): string {
  let text = '';
  for (let i = start; i < end; i += 3) {
    const left = end - i;
    const a = bytes[i] ?? 0;
    const b = left > 1 ? (bytes[i + 1] ?? 0) : 0;
    const c = left > 2 ? (bytes[i + 2] ?? 0) : 0;
    text += ALPHABET.charAt(a >> 2) + ALPHABET.charAt(((a & 3) << 4) | (b >> 4));
    if (left > 1) text += ALPHABET.charAt(((b & 15) << 2) | (c >> 6));
    if (left > 2) text += ALPHABET.charAt(c & 63);
  }
  return text;
}
