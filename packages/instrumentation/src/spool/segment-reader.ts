import { closeSync, fstatSync, readSync } from 'node:fs';
import { decodeFrame, findNextFrame, MAX_FRAME_BODY_BYTES, type Frame } from './frame.ts';
import { openPlain } from './plain-file.ts';

/** Grows of the buffer are at least this large, so that following a growing file does not copy it again and again. */
const MIN_GROWTH_BYTES: number = 1024 * 1024;

/** A segment is closed when it is full, and its last frame may be of the largest. */
const MAX_SEGMENT_BYTES: number = 2 * MAX_FRAME_BODY_BYTES;

/** Reads one segment from its start, while it may still grow. */
export class SegmentReader {
  readonly #path: string;
  #buffer: Buffer = Buffer.alloc(0);
  /** Where in the file the buffer begins. */
  #base = 0;
  #filled = 0;
  #offset = 0;
  /** Where the last frame begins. */
  #last = 0;

  /** @param path - The segment's file; it need not exist yet. */
  constructor(path: string) {
    this.#path = path;
  }

  /** Just past the last frame that was read. */
  get offset(): number {
    return this.#base + this.#offset;
  }

  /**
   * The next whole frame, or undefined at the end of the readable bytes. Its payload is a view, and its end an offset, of
   * what is in memory; the payload is valid until {@link release}.
   */
  next(): Frame | undefined {
    if (this.#offset >= this.#filled) return undefined;
    const reading = decodeFrame(this.#buffer.subarray(0, this.#filled), this.#offset);
    if (typeof reading === 'string') return undefined;
    this.#last = this.#offset;
    this.#offset = reading.end;
    return reading;
  }

  /** Puts the last frame back: it is the next one again. */
  putBack(): void {
    this.#offset = this.#last;
  }

  /**
   * Gives the room of frames that were read to those that follow. Buffers anew for each portion of a segment made the
   * collector run for them alone.
   */
  release(): void {
    this.#buffer.copyWithin(0, this.#offset, this.#filled);
    this.#base += this.#offset;
    this.#filled -= this.#offset;
    this.#offset = 0;
    this.#last = 0;
  }

  /**
   * Reads what was appended since.
   *
   * @returns Whether there was anything.
   * @throws what the system says, except that there is no such file; and where it is none that a writer made.
   */
  refill(): boolean {
    let file;
    try {
      file = openPlain(this.#path);
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return false;
      throw error;
    }
    try {
      const size = fstatSync(file).size;
      const known = this.#base + this.#filled;
      if (size <= known) return false;
      if (size > MAX_SEGMENT_BYTES) throw new RangeError('No writer makes such a segment.');
      this.#reserve(size - this.#base);
      const read = readSync(file, this.#buffer, this.#filled, size - known, known);
      this.#filled += read;
      return read > 0;
    } finally {
      closeSync(file);
    }
  }

  #reserve(size: number): void {
    if (size <= this.#buffer.length) return;
    // A fresh one: frames that were handed out are views of the old one.
    const bigger = Buffer.allocUnsafeSlow(Math.max(size, this.#buffer.length * 2, MIN_GROWTH_BYTES));
    this.#buffer.copy(bigger, 0, 0, this.#filled);
    this.#buffer = bigger;
  }

  /**
   * Moves past bytes that are no whole frame, once the segment is known to be complete.
   *
   * @returns `skipped` when a readable frame follows, `torn` when the rest is the start of one, `end` when nothing is left.
   */
  skipDamage(): 'skipped' | 'torn' | 'end' {
    if (this.#offset >= this.#filled) return 'end';
    const bytes = this.#buffer.subarray(0, this.#filled);
    // Of a frame whose end is missing the rest is content, as a rule, and content may look like frames: callers choose
    // what is in attributes. It is another only if its length is wrong; then frames follow, and nothing but frames.
    const isCutOff = decodeFrame(bytes, this.#offset) === 'incomplete';
    let following = findNextFrame(bytes, this.#offset + 1);
    if (following !== undefined && isCutOff && !isAllFrames(bytes, following)) following = undefined;
    this.#offset = following ?? this.#filled;
    return following === undefined ? 'torn' : 'skipped';
  }
}

function isAllFrames(bytes: Buffer, from: number): boolean {
  let at = from;
  while (at < bytes.length) {
    const reading = decodeFrame(bytes, at);
    if (typeof reading === 'string') return false;
    at = reading.end;
  }
  return true;
}
