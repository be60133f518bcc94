const SLOTS = 8192;
const LONGEST = 64;

/**
 * Attribute keys repeat in every span, so each is decoded once: the bytes are compared with the string that stood in
 * the same slot before. One slot holds one string, which bounds the table without any bookkeeping. It is for keys
 * only: values may be personal and must not outlive their request.
 */
export class KeyTable {
  readonly #slots: string[] = new Array<string>(SLOTS).fill('');

  /**
   * @param bytes - the whole message
   * @param start - offset of the key's first byte
   * @param end - offset just past its last byte
   * @returns the key, or undefined where it is long or not ASCII and must be decoded
   */
  find(bytes: Buffer, start: number, end: number): string | undefined {
    const length = end - start;
    if (length === 0) return '';
    if (length > LONGEST) return undefined;
    let hash = length;
    for (let i = start; i < end; i++) {
      const byte = bytes[i] ?? 0;
      if (byte > 0x7f) return undefined;
      hash = (Math.imul(hash, 31) + byte) | 0;
    }
    const slot = (hash ^ (hash >>> 15)) & (SLOTS - 1);
    const known = this.#slots[slot] ?? '';
    if (known.length === length) {
      let i = 0;
      while (i < length && known.charCodeAt(i) === bytes[start + i]) i++;
      if (i === length) return known;
    }
    const key = bytes.toString('latin1', start, end);
    this.#slots[slot] = key;
    return key;
  }
}
