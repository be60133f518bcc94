import { KEY_WORDS, type SpanKey } from './span-key.ts';

/** Keys of spans, one for each place. */
export class KeyStore {
  readonly #words: Int32Array;

  /** @param places - how many there are */
  constructor(places: number) {
    this.#words = new Int32Array(places * KEY_WORDS);
  }

  set(place: number, key: SpanKey): void {
    const first = place * KEY_WORDS;
    for (let i = 0; i < KEY_WORDS; i++) this.#words[first + i] = key[i] ?? 0;
  }

  /** Whether the key of a place is this one. */
  has(place: number, key: SpanKey): boolean {
    const first = place * KEY_WORDS;
    for (let i = 0; i < KEY_WORDS; i++) if (this.#words[first + i] !== key[i]) return false;
    return true;
  }
}
