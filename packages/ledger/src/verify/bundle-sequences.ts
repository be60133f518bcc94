import type { SkippedNumbers } from '@spanledger/record/canonical-json';
import type { EntryFields } from './entry-fields.ts';
import type { GapStatement } from './gap-statement.ts';
import type { ShapedFields } from './record-shapes.ts';
import { asciiText, type StreamNames } from './stream-names.ts';
import { TILE_WIDTH } from './tile.ts';

/** What the entries of a full bundle add to the sequences of their producers. */
export interface BundleSequences {
  /**
   * Producers (`audit.sequence.stream_id`), those in the bundle among them. One array serves many bundles, and more are
   * added to it as they are met; a name keeps its place, and may have two.
   */
  streams: readonly string[];
  /** Of each entry that has a number, its producer's place in `streams`; a place past their end if its name is too long. */
  streamOf: Uint16Array<ArrayBuffer>;
  /** Of each entry, the number that the producer gave it; 0 if it has none that counts. */
  numbers: Float64Array<ArrayBuffer>;
  /** Of each entry, 1 if it is an event on a span: these share the span's number. */
  isEvent: Uint8Array<ArrayBuffer>;
  /** Ids of the entries that have no number, with their place in the bundle, ascending. */
  ids: [slot: number, id: string][];
  /** Numbers that records of the bundle say were left out. */
  skipped: SkippedNumbers[];
  /** What entries say about missing numbers, with their place in the bundle, ascending. */
  gaps: [slot: number, gap: GapStatement][];
}

/** How many bytes {@link SequenceCollector} needs. */
export const SEQUENCES_BYTES: number = TILE_WIDTH * (8 + 2 + 1);

const ZERO = 0x30;
const NINE = 0x39;

/** Whether a record is an event on a span, by its `audit.record.id`: it ends in `-e<n>`. */
export function isEventId(id: string): boolean {
  return /-e[0-9]+$/.test(id);
}

/** Gathers what the entries of one bundle add to the sequences. */
export class SequenceCollector {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #names: StreamNames;
  readonly #sequences: BundleSequences;

  /**
   * @param bytes where the entries stand
   * @param view of the same bytes
   * @param names has room for as many as there are entries
   * @param block {@link SEQUENCES_BYTES} of memory for the columns, from `offset` on, which is a multiple of 8
   */
  constructor(bytes: Uint8Array, view: DataView, names: StreamNames, block: ArrayBuffer, offset: number) {
    this.#bytes = bytes;
    this.#names = names;
    this.#view = view;
    this.#sequences = {
      streams: names.texts,
      numbers: new Float64Array(block, offset, TILE_WIDTH),
      streamOf: new Uint16Array(block, offset + 8 * TILE_WIDTH, TILE_WIDTH),
      isEvent: new Uint8Array(block, offset + 10 * TILE_WIDTH, TILE_WIDTH),
      ids: [],
      skipped: [],
      gaps: [],
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
      this.#sequences.streamOf[slot] = this.#names.placeOfBytes(
        this.#bytes,
        this.#view,
        streamIdStart,
        streamIdEnd,
      );
      if (this.#isEvent(recordIdStart, recordIdEnd)) this.#sequences.isEvent[slot] = 1;
    } else this.#sequences.ids.push([slot, asciiText(this.#bytes, recordIdStart, recordIdEnd)]);
  }

  /** Adds an entry that was parsed. */
  addParsed(slot: number, { recordId, sequence, skipped, gap }: EntryFields): void {
    if (skipped !== undefined) this.#sequences.skipped.push(skipped);
    if (gap !== undefined) this.#sequences.gaps.push([slot, gap]);
    if (recordId === undefined) return;
    if (sequence !== undefined && Number.isSafeInteger(sequence.number) && sequence.number >= 1) {
      const { numbers, streamOf, isEvent } = this.#sequences;
      numbers[slot] = sequence.number;
      streamOf[slot] = this.#names.placeOfText(sequence.streamId);
      if (isEventId(recordId)) isEvent[slot] = 1;
    } else this.#sequences.ids.push([slot, recordId]);
  }

  #isEvent(start: number, end: number): boolean {
    const bytes = this.#bytes;
    let at = end - 1;
    for (let byte = bytes[at] ?? 0; at > start && byte >= ZERO && byte <= NINE; byte = bytes[at] ?? 0)
      at -= 1;
    return at < end - 1 && at > start && bytes[at] === 0x65 && bytes[at - 1] === 0x2d;
  }
}
