import type { KeyObject } from 'node:crypto';
import { LedgerError } from '../errors.ts';
import type { ReadableStorage } from '../storage/storage.ts';
import type { EpochKeys } from './epoch-keys.ts';
import {
  decryptOpenings,
  entriesOf,
  frameBytes,
  isIntact,
  sealOf,
  splitEntries,
  type FrameHeader,
} from './frame.ts';
import { SegmentBytes, segmentFile, type FramePlace, type Segment } from './segment.ts';

/** One group commit, read back. */
export interface JournalGroup {
  /** The first entry's index. */
  first: number;
  /** The entries' final bytes. */
  entries: Uint8Array[];
  /** The opened groups of each entry (JCS of record's `Openings`). */
  openings: Uint8Array[];
}

/** Reads what segments hold, and opens the seals. */
export class SegmentReader {
  readonly #storage: ReadableStorage;
  readonly #epochKeys: EpochKeys;
  readonly #keys = new Map<string, Promise<KeyObject | undefined>>();

  constructor(storage: ReadableStorage, epochKeys: EpochKeys) {
    this.#storage = storage;
    this.#epochKeys = epochKeys;
  }

  /** Remembers a key that was just created. */
  remember(name: string, key: KeyObject): void {
    this.#keys.set(name, Promise.resolve(key));
  }

  /** Forgets the key of a segment that is gone. */
  forget(name: string): void {
    this.#keys.delete(name);
  }

  /**
   * Reads all groups of a segment, in order.
   *
   * @throws LedgerError `journal_damaged`, `journal_read_failed` or `epoch_key_missing`
   */
  async *read(segment: Segment): AsyncGenerator<JournalGroup> {
    for await (const { header, bytes } of this.#frames(segment, segment.frames.slice())) {
      const { start, end } = sealOf(header);
      const openings = decryptOpenings(header, bytes.subarray(start, end), await this.#key(segment));
      yield { first: header.first, entries: splitEntries(entriesOf(header, bytes)), openings };
    }
  }

  /**
   * The openings of the entries from index `from` up to, not including, `to`, by index, as far as some segments hold
   * them. A segment that was retired meanwhile gives none.
   *
   * @throws LedgerError `journal_damaged`, `journal_read_failed` or `epoch_key_missing`
   */
  async readOpenings(
    segments: readonly Segment[],
    from: number,
    to: number,
  ): Promise<Map<number, Uint8Array>> {
    const openings = new Map<number, Uint8Array>();
    for (const segment of segments.slice()) await this.#collect(segment, from, to, openings);
    return openings;
  }

  async #collect(segment: Segment, from: number, to: number, into: Map<number, Uint8Array>): Promise<void> {
    if (segment.first >= to || segment.end <= from) return;
    const file = new SegmentBytes(this.#storage, segment.name);
    for (const { header, offset } of framesWithin(segment.frames, from, to)) {
      const { start, end } = sealOf(header);
      const sealed = await readPart(file, segment, offset + start, end - start);
      if (sealed === undefined) return;
      decryptOpenings(header, sealed, await this.#key(segment)).forEach((opening, i) => {
        const index = header.first + i;
        if (index >= from && index < to) into.set(index, opening);
      });
    }
  }

  /** Reads frames of a segment, in order; none once the segment is gone. */
  async *#frames(
    segment: Segment,
    frames: readonly FramePlace[],
  ): AsyncGenerator<{ header: FrameHeader; bytes: Buffer }> {
    const file = new SegmentBytes(this.#storage, segment.name);
    for (const { header, offset } of frames) {
      const bytes = await readPart(file, segment, offset, frameBytes(header));
      if (bytes === undefined) return;
      if (!isIntact(header, bytes)) {
        throw new LedgerError('journal_damaged', `${segmentFile(segment.name)} is damaged at byte ${offset}`);
      }
      yield { header, bytes };
    }
  }

  async #key({ name }: Segment): Promise<KeyObject> {
    let opening = this.#keys.get(name);
    if (opening === undefined) {
      opening = this.#epochKeys.open(name);
      this.#keys.set(name, opening);
    }
    const key = await opening.catch((error: unknown) => {
      this.#keys.delete(name);
      throw error;
    });
    if (key !== undefined) return key;
    this.#keys.delete(name);
    throw new LedgerError('epoch_key_missing', `the epoch key of journal segment ${name} is gone`, {
      hint: 'Its records are safe in the ledger; their opened groups cannot be read.',
    });
  }
}

async function readPart(
  file: SegmentBytes,
  { name }: Segment,
  offset: number,
  sizeBytes: number,
): Promise<Buffer | undefined> {
  try {
    return await file.read(offset, sizeBytes);
  } catch (cause) {
    throw new LedgerError('journal_read_failed', `${segmentFile(name)} cannot be read`, { cause });
  }
}

/** The frames that hold an entry from index `from` up to, not including, `to`; by binary search. */
function framesWithin(frames: readonly FramePlace[], from: number, to: number): FramePlace[] {
  let low = 0;
  let high = frames.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const header = frames[middle]?.header;
    if (header !== undefined && header.first + header.count <= from) low = middle + 1;
    else high = middle;
  }
  const found: FramePlace[] = [];
  for (let i = low; i < frames.length; i++) {
    const frame = frames[i];
    if (frame === undefined || frame.header.first >= to) break;
    found.push(frame);
  }
  return found;
}
