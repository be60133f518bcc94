/**
 * A segment of the journal: a file of frames, end to end, named by the index of its first entry.
 */
import type { Files, OpenFile } from '../files.ts';
import {
  decodeHeader,
  FRAME_HEADER_BYTES,
  FRAME_MAGIC,
  frameBytes,
  isIntact,
  type FrameHeader,
} from './frame.ts';

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

/** A segment's file name. */
export function segmentFile(name: string): string {
  return `${name}.segment`;
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
 */
export async function scanSegment(
  file: OpenFile,
  segment: Segment,
  onFrame: (frame: ReadFrame) => void = () => undefined,
): Promise<ScanEnd> {
  const fileBytes = await file.size();
  for (;;) {
    const offset = segment.sizeBytes;
    if (offset === fileBytes) return 'clean';
    const head = Buffer.alloc(FRAME_HEADER_BYTES);
    if ((await file.read(head, offset)) < FRAME_HEADER_BYTES) return 'torn';
    const header = decodeHeader(head);
    // Only one write is ever under way: a frame that does not hold together and yet has a sound one after it, or
    // bytes past its end, was complete once.
    if (header === undefined) return (await holdsFrame(file, offset + 1, fileBytes)) ? 'damaged' : 'torn';
    const end = offset + frameBytes(header);
    if (end > fileBytes) return 'torn';
    const bytes = Buffer.allocUnsafe(frameBytes(header));
    await file.read(bytes, offset);
    if (!isIntact(header, bytes)) return end < fileBytes ? 'damaged' : 'torn';
    if (header.first !== segment.end) return 'damaged';
    addFrame(segment, header);
    onFrame({ header, offset, bytes });
  }
}

/** Reads one frame back; undefined if it is no longer what the scan saw. */
export async function readFrame(file: OpenFile, { header, offset }: FramePlace): Promise<Buffer | undefined> {
  const bytes = Buffer.allocUnsafe(frameBytes(header));
  const filled = await file.read(bytes, offset);
  return filled === bytes.length && isIntact(header, bytes) ? bytes : undefined;
}

/** Opens a file for as long as `use` takes. */
export async function withFile<T>(
  files: Files,
  path: string,
  mode: 'read' | 'write',
  use: (file: OpenFile) => Promise<T>,
): Promise<T> {
  const file = await files.open(path, mode);
  try {
    return await use(file);
  } finally {
    await file.close();
  }
}

async function holdsFrame(file: OpenFile, from: number, to: number): Promise<boolean> {
  const bytes = Buffer.alloc(to - from);
  await file.read(bytes, from);
  for (let at = bytes.indexOf(FRAME_MAGIC); at >= 0; at = bytes.indexOf(FRAME_MAGIC, at + 1)) {
    const header = decodeHeader(bytes.subarray(at));
    if (header !== undefined && isIntact(header, bytes.subarray(at, at + frameBytes(header)))) return true;
  }
  return false;
}
