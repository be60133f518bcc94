/** The longest name of a producer that is kept, in UTF-16 code units; ours have 32. */
export const MAX_STREAM_NAME_LENGTH = 256;

/** The place of a name that is too long to be kept. */
export const NO_PLACE = 0xffff;

/** The most names that are kept at a time; it is below {@link NO_PLACE}. */
const MAX_NAMES = 32_768;

/** The most bytes that their text takes. */
const MAX_TEXT_BYTES = 2 * 1024 * 1024;

const FIRST_TEXT_BYTES = 16 * 1024;
const HASH_SLOTS = 2 * MAX_NAMES;

/**
 * Names of producers (`audit.sequence.stream_id`), each with a place that it keeps: a name is made a string, and told
 * to another thread, the first time that it is met, and is a small number from then on. Its memory is bounded: when
 * there may be no room for what comes next, all names are forgotten, and get places anew.
 */
export class StreamNames {
  #texts: string[] = [];
  /** By a hash of the name, 1 + its place; 0 if free. */
  readonly #slots = new Uint16Array(HASH_SLOTS);
  /** The bytes of the names, end to end, where each begins, and where the last one ends. */
  #bytes = new Uint8Array(FIRST_TEXT_BYTES);
  readonly #starts = new Int32Array(MAX_NAMES + 1);
  /** Places of names that were met as text. */
  readonly #parsed = new Map<string, number>();

  /** The names by their places. More are added to it; after names were forgotten it is another array. */
  get texts(): readonly string[] {
    return this.#texts;
  }

  /** Whether there is room for so many names more, however long they are. */
  hasRoom(names: number): boolean {
    const count = this.#texts.length;
    const end = this.#starts[count] ?? 0;
    return count + names <= MAX_NAMES && end + names * MAX_STREAM_NAME_LENGTH <= MAX_TEXT_BYTES;
  }

  /** Forgets all names. */
  forget(): void {
    this.#texts = [];
    this.#slots.fill(0);
    this.#parsed.clear();
  }

  /**
   * The place of a name that stands in bytes, in ASCII.
   *
   * @param view of the same bytes, of which four more have to follow
   */
  placeOfBytes(bytes: Uint8Array, view: DataView, start: number, end: number): number {
    const length = end - start;
    if (length > MAX_STREAM_NAME_LENGTH) return NO_PLACE;
    let hash = length;
    const rest = length & 3;
    for (let at = start; at < end - rest; at += 4)
      hash = Math.imul(hash ^ view.getInt32(at, true), 0x01000193);
    for (let at = end - rest; at < end; at++) hash = Math.imul(hash ^ (bytes[at] ?? 0), 0x01000193);
    hash ^= hash >>> 15;
    for (let slot = hash & (HASH_SLOTS - 1); ; slot = (slot + 1) & (HASH_SLOTS - 1)) {
      const place = (this.#slots[slot] ?? 0) - 1;
      if (place < 0) {
        this.#slots[slot] = this.#add(bytes, start, end) + 1;
        return this.#texts.length - 1;
      }
      if (this.#isName(place, bytes, start, length)) return place;
    }
  }

  /** The place of a name. Of two places of one name, one was met as text. */
  placeOfText(text: string): number {
    if (text.length > MAX_STREAM_NAME_LENGTH) return NO_PLACE;
    let place = this.#parsed.get(text);
    if (place !== undefined) return place;
    place = this.#texts.push(text) - 1;
    this.#starts[place + 1] = this.#starts[place] ?? 0;
    this.#parsed.set(text, place);
    return place;
  }

  #add(bytes: Uint8Array, start: number, end: number): number {
    const place = this.#texts.push(asciiText(bytes, start, end)) - 1;
    const at = this.#starts[place] ?? 0;
    const textEnd = at + end - start;
    if (textEnd > this.#bytes.length) {
      const grown = new Uint8Array(2 * this.#bytes.length);
      grown.set(this.#bytes);
      this.#bytes = grown;
    }
    for (let i = start; i < end; i++) this.#bytes[at + i - start] = bytes[i] ?? 0;
    this.#starts[place + 1] = textEnd;
    return place;
  }

  #isName(place: number, bytes: Uint8Array, start: number, length: number): boolean {
    const at = this.#starts[place] ?? 0;
    if ((this.#starts[place + 1] ?? 0) - at !== length) return false;
    for (let i = 0; i < length; i++) if (this.#bytes[at + i] !== bytes[start + i]) return false;
    return true;
  }
}

/** Bytes that are ASCII, as a string. */
export function asciiText(bytes: Uint8Array, start: number, end: number): string {
  let text = '';
  for (let at = start; at < end; at += 1_024)
    text += String.fromCharCode(...bytes.subarray(at, Math.min(end, at + 1_024)));
  return text;
}
