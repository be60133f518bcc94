/**
 * A segment of the journal: a file of frames, end to end, named by the index of its first entry.
 */
import type { ReadableStorage } from '../storage/storage.ts';
import {
  decodeHeader,
  FRAME_HEADER_BYTES,
  FRAME_MAGIC,
  frameBytes,
  isIntact,
  type FrameHeader,
} from './frame.ts';

/** The folder of a storage that holds the journal. */
export const JOURNAL_FOLDER = 'journal';

/** How much of a segment is read at once. */
const STRETCH_BYTES = 1024 * 1024;

const NAME_PATTERN = /^([0-9]{20})\.segment$/;

/** Where a frame stands in its segment. */
export interface FramePlace {
  header: FrameHeader;
  offset: number;
}

/** A segment, as it is known in memory. */
export interface Segment {
  /** The first index, 20 digits: its file is `<name>.segment`. */
  readonly name: string;
  /** The first index. */
  readonly first: number;
  /** The index after its last entry. */
  end: number;
  /** The size of its intact frames, in bytes. */
  sizeBytes: number;
  /** True once nothing more will be appended. */
  closed: boolean;
  /** Its frames in order. */
  readonly frames: FramePlace[];
}

/** A frame and its bytes. */
export interface ReadFrame extends FramePlace {
  bytes: Buffer;
}

/**
 * How a scan ended: at the end of the file; at a frame that was never completed (only the last write can be one);
 * or at bytes that were changed after they had been written.
 */
export type ScanEnd = 'clean' | 'torn' | 'damaged';

/** A segment that holds nothing yet. */
export function emptySegment(first: number): Segment {
  return { name: segmentName(first), first, end: first, sizeBytes: 0, closed: false, frames: [] };
}

/** The name of the segment that begins with an index: the index in 20 digits. */
export function segmentName(first: number): string {
  return String(first).padStart(20, '0');
}

/** Where a segment is stored. */
export function segmentFile(name: string): string {
  return `${JOURNAL_FOLDER}/${name}.segment`;
}

/** The first indexes of the segments among some file names, ascending. */
export function segmentsAmong(fileNames: readonly string[]): number[] {
  const firsts: number[] = [];
  for (const fileName of fileNames) {
    const digits = NAME_PATTERN.exec(fileName)?.[1];
    if (digits !== undefined) firsts.push(Number(digits));
  }
  return firsts.sort((a, b) => a - b);
}

/** Notes that a segment has one frame more at its end. */
export function addFrame(segment: Segment, header: FrameHeader): void {
  segment.frames.push({ header, offset: segment.sizeBytes });
  segment.sizeBytes += frameBytes(header);
  segment.end = header.first + header.count;
}

/**
 * Reads the frames that a segment's file holds beyond those already known, and notes them.
 *
 * @param onFrame called with each; it may keep the bytes
 * @returns undefined if the file is gone
 */
export async function scanSegment(
  storage: ReadableStorage,
  segment: Segment,
  onFrame: (frame: ReadFrame) => void = () => undefined,
): Promise<ScanEnd | undefined> {
  const file = new SegmentBytes(storage, segment.name);
  for (;;) {
    const offset = segment.sizeBytes;
    const head = await file.read(offset, FRAME_HEADER_BYTES);
    if (head === undefined) return undefined;
    if (head.length === 0) return 'clean';
    if (head.length < FRAME_HEADER_BYTES) return 'torn';
    const header = decodeHeader(head);
    // Only one write is ever under way: a frame that does not hold together and yet has a sound one after it, or
    // bytes past its end that are not room for more, was complete once.
    if (header === undefined) return (await file.holdsFrame(offset + 1)) ? 'damaged' : 'torn';
    const frame = await file.read(offset, frameBytes(header));
    if (frame === undefined) return undefined;
    if (frame.length < frameBytes(header)) return 'torn';
    if (!isIntact(header, frame)) return (await file.isRoom(offset + frame.length)) ? 'torn' : 'damaged';
    if (header.first !== segment.end) return 'damaged';
    addFrame(segment, header);
    onFrame({ header, offset, bytes: frame });
  }
}

/** Reads a segment's file from its beginning to its end, a stretch at a time. */
export class SegmentBytes {
  readonly #storage: ReadableStorage;
  readonly #file: string;
  #stretch: Buffer = Buffer.alloc(0);
  #start = 0;

  /** @param name the segment's */
  constructor(storage: ReadableStorage, name: string) {
    this.#storage = storage;
    this.#file = segmentFile(name);
  }

  /** Some bytes, fewer where the file ends before; undefined if it is gone. They are not written to again. */
  async read(offset: number, count: number): Promise<Buffer | undefined> {
    const at = offset - this.#start;
    if (at < 0 || at + count > this.#stretch.length) {
      const end = offset + Math.max(count, STRETCH_BYTES);
      const stretch = await this.#storage.read(this.#file, { start: offset, end });
      if (stretch === undefined) return undefined;
      this.#stretch = stretch;
      this.#start = offset;
    }
    return this.#stretch.subarray(offset - this.#start, offset - this.#start + count);
  }

  /** Whether there are no bytes but zeros from an offset on. */
  async isRoom(from: number): Promise<boolean> {
    const bytes = await this.#storage.read(this.#file, { start: from, end: Infinity });
    return bytes === undefined || bytes.every((byte) => byte === 0);
  }

  /** Whether there is a sound frame anywhere from an offset on. */
  async holdsFrame(from: number): Promise<boolean> {
    const bytes = await this.#storage.read(this.#file, { start: from, end: Infinity });
    if (bytes === undefined) return false;
    for (let at = bytes.indexOf(FRAME_MAGIC); at >= 0; at = bytes.indexOf(FRAME_MAGIC, at + 1)) {
      const header = decodeHeader(bytes.subarray(at));
      if (header !== undefined && isIntact(header, bytes.subarray(at, at + frameBytes(header)))) return true;
    }
    return false;
  }
}
