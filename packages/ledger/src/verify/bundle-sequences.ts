import type { EntryFields } from './entry-fields.ts';
import type { ShapedFields } from './record-shapes.ts';
import { TILE_WIDTH } from './tile.ts';

/** What the entries of a full bundle add to the sequences of their producers. */
export interface BundleSequences {
  /** The producers (`audit.sequence.stream_id`) in the bundle. */
  streams: string[];
  /** Of each entry, its producer's place in `streams`. */
  streamOf: Uint16Array<ArrayBuffer>;
  /** Of each entry, the number that the producer gave it; 0 if it has none that counts. */
  numbers: Float64Array<ArrayBuffer>;
  /** Of each entry, 1 if it is an event on a span: these share the span's number. */
  isEvent: Uint8Array<ArrayBuffer>;
  /** Ids of the entries that have no number, with their place in the bundle, ascending. */
  ids: [slot: number, id: string][];
}

/** How many bytes {@link SequenceCollector} needs. */
export const SEQUENCES_BYTES: number = TILE_WIDTH * (8 + 2 + 1);

const HASH_SLOTS = 1_024;
const CACHED_NAMES = 4_096;
/** Longer names are not kept. */
const MAX_CACHED_LENGTH = 256;
const ZERO = 0x30;
const NINE = 0x39;

/** Whether a record is an event on a span, by its `audit.record.id`: it ends in `-e<n>`. */
export function isEventId(id: string): boolean {
  return /-e[0-9]+$/.test(id);
}

/** Names of producers as strings: the same ones come again in every bundle. */
export class NameCache {
  readonly #names: ({ bytes: Uint8Array; text: string } | undefined)[] = new Array(CACHED_NAMES);

  /** The text of ASCII bytes, of which `hash` is a hash. */
  textOf(bytes: Uint8Array, start: number, end: number, hash: number): string {
    const slot = hash & (CACHED_NAMES - 1);
    const known = this.#names[slot];
    if (known !== undefined && isAt(bytes, start, end - start, known.bytes)) return known.text;
    const text = asciiText(bytes, start, end);
    this.#names[slot] =
      text.length <= MAX_CACHED_LENGTH ? { bytes: bytes.slice(start, end), text } : undefined;
    return text;
  }
}

/** Gathers what the entries of one bundle add to the sequences. */
export class SequenceCollector {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #names: NameCache;
  readonly #sequences: BundleSequences;
  /** By a hash of the name, 1 + the place in `streams`; 0 if free. */
  readonly #places = new Uint16Array(HASH_SLOTS);
  /** Where each stream's name stands in the bytes; -1 if it does not stand there in plain. */
  readonly #starts: number[] = [];

  /**
   * @param bytes where the entries stand
   * @param view of the same bytes
   * @param names what is known of names from other bundles
   * @param block {@link SEQUENCES_BYTES} of memory for the columns, from `offset` on, which is a multiple of 8
   */
  constructor(bytes: Uint8Array, view: DataView, names: NameCache, block: ArrayBuffer, offset: number) {
    this.#bytes = bytes;
    this.#names = names;
    this.#view = view;
    this.#sequences = {
      streams: [],
      numbers: new Float64Array(block, offset, TILE_WIDTH),
      streamOf: new Uint16Array(block, offset + 8 * TILE_WIDTH, TILE_WIDTH),
      isEvent: new Uint8Array(block, offset + 10 * TILE_WIDTH, TILE_WIDTH),
      ids: [],
    };
  }

  /** What was gathered. */
  get sequences(): BundleSequences {
    return this.#sequences;
  }

  /** Adds an entry that was read by its shape. */
  addShaped(slot: number, fields: ShapedFields): void {
    const { number, recordIdStart, recordIdEnd, streamIdStart, streamIdEnd } = fields;
    if (recordIdStart < 0) return;
    if (number >= 1 && streamIdStart >= 0) {
      this.#sequences.numbers[slot] = number;
      this.#sequences.streamOf[slot] = this.#place(streamIdStart, streamIdEnd);
      if (this.#isEvent(recordIdStart, recordIdEnd)) this.#sequences.isEvent[slot] = 1;
    } else this.#sequences.ids.push([slot, this.#text(recordIdStart, recordIdEnd)]);
  }

  /** Adds an entry that was parsed. */
  addParsed(slot: number, { recordId, sequence }: EntryFields): void {
    if (recordId === undefined) return;
    if (sequence !== undefined && Number.isSafeInteger(sequence.number) && sequence.number >= 1) {
      const { streams, numbers, streamOf, isEvent } = this.#sequences;
      let place = streams.indexOf(sequence.streamId);
      if (place < 0) {
        place = streams.push(sequence.streamId) - 1;
        this.#starts.push(-1);
      }
      numbers[slot] = sequence.number;
      streamOf[slot] = place;
      if (isEventId(recordId)) isEvent[slot] = 1;
    } else this.#sequences.ids.push([slot, recordId]);
  }

  /** A stream's place in `streams`, which it gets when it is met first. */
  #place(start: number, end: number): number {
    const length = end - start;
    let hash = length;
    // Up to three bytes of what follows come along; a miss costs nothing but time.
    for (let at = start; at < end; at += 4)
      hash = Math.imul(hash ^ this.#view.getInt32(at, true), 0x01000193);
    hash ^= hash >>> 15;
    for (let i = hash & (HASH_SLOTS - 1); ; i = (i + 1) & (HASH_SLOTS - 1)) {
      const place = (this.#places[i] ?? 0) - 1;
      if (place >= 0 && !this.#isStream(place, start, length)) continue;
      if (place >= 0) return place;
      // Of two names alike, one may have been found by parsing: what is added is the same.
      const added = this.#sequences.streams.push(this.#names.textOf(this.#bytes, start, end, hash)) - 1;
      this.#starts.push(start);
      this.#places[i] = added + 1;
      return added;
    }
  }

  #isStream(place: number, start: number, length: number): boolean {
    const known = this.#starts[place] ?? -1;
    if (known < 0 || this.#sequences.streams[place]?.length !== length) return false;
    const bytes = this.#bytes;
    for (let i = 0; i < length; i++) if (bytes[known + i] !== bytes[start + i]) return false;
    return true;
  }

  #isEvent(start: number, end: number): boolean {
    const bytes = this.#bytes;
    let at = end - 1;
    for (let byte = bytes[at] ?? 0; at > start && byte >= ZERO && byte <= NINE; byte = bytes[at] ?? 0)
      at -= 1;
    return at < end - 1 && at > start && bytes[at] === 0x65 && bytes[at - 1] === 0x2d;
  }

  /** ASCII text. */
  #text(start: number, end: number): string {
    return asciiText(this.#bytes, start, end);
  }
}

function isAt(bytes: Uint8Array, start: number, length: number, expected: Uint8Array): boolean {
  if (expected.length !== length) return false;
  for (let i = 0; i < length; i++) if (bytes[start + i] !== expected[i]) return false;
  return true;
}

/** Bytes that are ASCII, as a string. */
export function asciiText(bytes: Uint8Array, start: number, end: number): string {
  let text = '';
  for (let at = start; at < end; at += 1_024)
    text += String.fromCharCode(...bytes.subarray(at, Math.min(end, at + 1_024)));
  return text;
}
