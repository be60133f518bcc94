import { Buffer } from 'node:buffer';

const WORD_BYTES = 4;

/** ASCII text that often stands in requests, to be recognised four bytes at a time. */
export class TextPattern {
  /** Bytes of it. */
  readonly length: number;
  readonly #words: Int32Array;
  /** Its last four bytes, which overlap with the word before. */
  readonly #last: number;

  /** @param text - of four characters at least */
  constructor(text: string) {
    const bytes = Buffer.from(text, 'latin1');
    this.length = bytes.length;
    this.#last = bytes.readInt32LE(bytes.length - WORD_BYTES);
    this.#words = Int32Array.from({ length: Math.floor(bytes.length / WORD_BYTES) }, (_, i) =>
      bytes.readInt32LE(i * WORD_BYTES),
    );
  }

  /** Whether it stands at an offset. */
  matches(view: DataView, at: number): boolean {
    const { length } = this;
    if (at + length > view.byteLength || view.getInt32(at + length - WORD_BYTES, true) !== this.#last)
      return false;
    const words = this.#words;
    for (let i = 0; i < words.length; i++) {
      if (view.getInt32(at + i * WORD_BYTES, true) !== words[i]) return false;
    }
    return true;
  }
}
