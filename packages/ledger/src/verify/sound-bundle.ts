/**
 * The quick way through the entries of a full bundle. It only ever says that everything about a bundle is as it must
 * be, and what the walk of the tree needs to go on after it; where it cannot say so, the walk looks at the bundle
 * entry by entry and finds out what is wrong. So the report of a verification does not depend on who took this way,
 * nor in which thread.
 */
import { hashLeaves, hashPairs } from '#crypto';
import { SEQUENCES_BYTES, SequenceCollector, type BundleSequences } from './bundle-sequences.ts';
import { encodeHex, encodeUtf8, equalBytes } from './encoding.ts';
import { readEntryFields } from './entry-fields.ts';
import { KernelShapes } from './kernel/kernel-shapes.ts';
import { BUNDLE_AT, Kernel } from './kernel/kernel.ts';
import { RecordShapes, SHAPE_PADDING_BYTES, type ShapedFields, type ShapeReader } from './record-shapes.ts';
import type { EntryKind } from './report.ts';
import { asciiText, StreamNames } from './stream-names.ts';
import { HASH_BYTES, MAX_BUNDLE_BYTES, TILE_WIDTH } from './tile.ts';

/** A full bundle about which everything is as it must be, as far as the bundle alone can tell. */
export interface SoundBundle extends BundleSequences {
  /** The bundle's index: its first entry is `index * 256`. */
  index: number;
  /** The leaf hashes, end to end; the tile over the bundle holds the same. */
  row: Uint8Array<ArrayBuffer>;
  /** The root over them. */
  root: Uint8Array<ArrayBuffer>;
  /** What the first entry states as the hash before it; undefined in the log's first bundle, and only there. */
  previous: string | undefined;
}

/** A bundle's files, as they were read. */
export interface BundleFiles {
  /** The bundle's index. */
  index: number;
  /** How many bytes of {@link SoundBundleReader.room} the bundle takes. */
  length: number;
  /** The tile over the bundle. */
  tile: Uint8Array;
}

const ROW_BYTES = TILE_WIDTH * HASH_BYTES;
const HEX_LENGTH = 2 * HASH_BYTES;
const FIRST_ROOM_BYTES = 256 * 1024;

/** The value of each lower-case hexadecimal digit; of every other byte one that no two digits add up to. */
const HEX_VALUES: Uint16Array = Uint16Array.from({ length: 256 }, (_, byte) => {
  const value = '0123456789abcdef'.indexOf(String.fromCharCode(byte));
  return value < 0 ? 0x1000 : value;
});

/** Reads bundles, one after the other, in memory of its own. */
export class SoundBundleReader {
  readonly #entries: EntryKind;
  readonly #origin: Uint8Array;
  readonly #originText: string;
  readonly #kernel: Kernel | undefined;
  readonly #shapes: ShapeReader;
  /** The room for bundles, with padding after it. */
  #bytes = new Uint8Array(0);
  #view = new DataView(this.#bytes.buffer);
  readonly #starts = new Int32Array(TILE_WIDTH);
  readonly #ends = new Int32Array(TILE_WIDTH);
  /** Where each entry's `previous` begins; -1 for those in `#parsedPrevious`. */
  readonly #previousStarts = new Int32Array(TILE_WIDTH);
  readonly #names = new StreamNames();
  readonly #parsedPrevious = new Map<number, string>();
  readonly #nodes = new Uint8Array(ROW_BYTES / 2);

  /**
   * @param origin what every entry must state as `audit.ledger.origin`
   * @param entries what the entries are taken for; of opaque ones only the hash is looked at
   * @param mayUseKernel false to do without the kernel even where it is to be had; the results are the same
   */
  constructor(origin: string, entries: EntryKind, mayUseKernel = true) {
    this.#entries = entries;
    this.#kernel = mayUseKernel ? Kernel.create() : undefined;
    this.#shapes = this.#kernel === undefined ? new RecordShapes() : new KernelShapes(this.#kernel);
    this.room(FIRST_ROOM_BYTES);
    this.#originText = origin;
    this.#origin = encodeUtf8(origin);
  }

  /** The producers of the bundles that were checked, as each of them has it. */
  get streams(): readonly string[] {
    return this.#names.texts;
  }

  /** Makes room for the producers of so many bundles that are checked next; all others may be forgotten. */
  reserveStreams(bundles: number): void {
    if (!this.#names.hasRoom(bundles * TILE_WIDTH)) this.#names.forget();
  }

  /**
   * The room to read a bundle into. What stood there before may be gone after a call.
   *
   * @param length how many bytes it must have
   * @throws TypeError if no bundle has so many
   */
  room(length: number): Uint8Array<ArrayBuffer> {
    if (length > MAX_BUNDLE_BYTES) throw new TypeError(`no bundle has ${length} bytes`);
    if (this.#bytes.length < length + SHAPE_PADDING_BYTES) this.#grow(length + (length >> 1));
    return this.#bytes.subarray(0, length);
  }

  /**
   * Checks the bundle that stands in the room. There has to be room for its producers.
   *
   * @returns undefined if anything about it may be wrong
   */
  check({ index, length, tile }: BundleFiles): SoundBundle | undefined {
    if (tile.length !== ROW_BYTES) return undefined;
    // One block, so that it can be handed to another thread as it is.
    const block = new ArrayBuffer(SEQUENCES_BYTES + ROW_BYTES + HASH_BYTES);
    const collector = new SequenceCollector(this.#bytes, this.#view, this.#names, block, 0);
    if (!this.#readEntries(index, length, collector)) return undefined;
    const row = new Uint8Array(block, SEQUENCES_BYTES, ROW_BYTES);
    hashLeaves(this.#bytes, this.#starts, this.#ends, TILE_WIDTH, row);
    if (!equalBytes(row, tile)) return undefined;
    if (this.#entries === 'records' && !this.#isChain(row)) return undefined;
    const root = new Uint8Array(block, SEQUENCES_BYTES + ROW_BYTES, HASH_BYTES);
    root.set(this.#rootOf(row));
    return {
      index,
      row,
      root,
      previous: this.#entries === 'records' ? this.#previousOf(0) : undefined,
      ...collector.sequences,
    };
  }

  #grow(length: number): void {
    const sizeBytes = length + SHAPE_PADDING_BYTES;
    this.#kernel?.reserve(sizeBytes);
    this.#bytes = this.#kernel?.bytes.subarray(BUNDLE_AT, BUNDLE_AT + sizeBytes) ?? new Uint8Array(sizeBytes);
    this.#view = new DataView(this.#bytes.buffer, this.#bytes.byteOffset, sizeBytes);
  }

  /** Reads all entries, and whether each states its place in the log and, but for the first of all, a predecessor. */
  #readEntries(index: number, length: number, collector: SequenceCollector): boolean {
    const bytes = this.#bytes;
    bytes.fill(0, length, length + SHAPE_PADDING_BYTES);
    this.#parsedPrevious.clear();
    const base = index * TILE_WIDTH;
    let at = 0;
    for (let slot = 0; slot < TILE_WIDTH; slot++) {
      const start = at + 2;
      const end = start + (((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0));
      if (start > length || end > length) return false;
      this.#starts[slot] = start;
      this.#ends[slot] = end;
      at = end;
      if (this.#entries === 'opaque') continue;
      const isFirst = base + slot === 0;
      const isSound = this.#shapes.read(bytes, this.#view, start, end)
        ? this.#takeShaped(slot, base + slot, isFirst, collector)
        : this.#takeParsed(slot, base + slot, isFirst, collector);
      if (!isSound) return false;
    }
    return at === length;
  }

  #takeShaped(slot: number, index: number, isFirst: boolean, collector: SequenceCollector): boolean {
    const { fields } = this.#shapes;
    if (fields.index !== index || !this.#isOrigin(fields)) return false;
    const { previousStart, previousEnd } = fields;
    if (isFirst ? previousStart >= 0 : previousStart < 0 || previousEnd - previousStart !== HEX_LENGTH)
      return false;
    this.#previousStarts[slot] = previousStart;
    collector.addShaped(slot, fields);
    return true;
  }

  #takeParsed(slot: number, index: number, isFirst: boolean, collector: SequenceCollector): boolean {
    const parsed = readEntryFields(this.#bytes.subarray(this.#starts[slot], this.#ends[slot]));
    if (!parsed.ok || parsed.value.index !== index || parsed.value.origin !== this.#originText) return false;
    const { previous, hasPrevious, keyStatement, minimumIndex } = parsed.value;
    // What is said of the log's keys, and of what was pruned, is looked at one by one.
    if (keyStatement !== undefined || minimumIndex !== undefined) return false;
    if (isFirst ? hasPrevious : previous === undefined) return false;
    this.#previousStarts[slot] = -1;
    if (previous !== undefined) this.#parsedPrevious.set(slot, previous);
    collector.addParsed(slot, parsed.value);
    return true;
  }

  #isOrigin({ originStart, originEnd }: ShapedFields): boolean {
    const origin = this.#origin;
    if (originStart < 0 || originEnd - originStart !== origin.length) return false;
    const bytes = this.#bytes;
    for (let i = 0; i < origin.length; i++) if (bytes[originStart + i] !== origin[i]) return false;
    return true;
  }

  #isChain(row: Uint8Array): boolean {
    for (let slot = 1; slot < TILE_WIDTH; slot++) if (!this.#isLinked(slot, row)) return false;
    return true;
  }

  /** Whether an entry states the hash of the one before it. */
  #isLinked(slot: number, row: Uint8Array): boolean {
    const bytes = this.#bytes;
    const hashStart = (slot - 1) * HASH_BYTES;
    let at = this.#previousStarts[slot] ?? -1;
    if (at < 0)
      return this.#parsedPrevious.get(slot) === encodeHex(row.subarray(hashStart, hashStart + HASH_BYTES));
    for (let i = hashStart; i < hashStart + HASH_BYTES; i++, at += 2) {
      const high = HEX_VALUES[bytes[at] ?? 0] ?? 0;
      const low = HEX_VALUES[bytes[at + 1] ?? 0] ?? 0;
      if (((high << 4) | low) !== row[i]) return false;
    }
    return true;
  }

  #previousOf(slot: number): string | undefined {
    const start = this.#previousStarts[slot] ?? -1;
    if (start < 0) return this.#parsedPrevious.get(slot);
    return asciiText(this.#bytes, start, start + HEX_LENGTH);
  }

  /** The root over a row of 256 hashes, as a view that the next call overwrites. */
  #rootOf(row: Uint8Array): Uint8Array {
    if (this.#kernel !== undefined) return this.#kernel.hashRow(row);
    const nodes = this.#nodes;
    hashPairs(row, TILE_WIDTH / 2, nodes);
    for (let pairs = TILE_WIDTH / 4; pairs >= 1; pairs /= 2) hashPairs(nodes, pairs, nodes);
    return nodes.subarray(0, HASH_BYTES);
  }
}
