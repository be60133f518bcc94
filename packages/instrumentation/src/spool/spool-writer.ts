import { closeSync, ftruncateSync, openSync, rmSync, writevSync } from 'node:fs';
import { join } from 'node:path';
import { describeError, warnOnce } from '../warning.ts';
import { encodeFrameHead, type FrameKind } from './frame.ts';
import { segmentName } from './segment-name.ts';
import { createFolder } from './spool-directory.ts';
import type { SpoolPosition } from './spool-position.ts';

/** A segment is closed once it is this long. */
export const SEGMENT_MAX_BYTES: number = 4 * 1024 * 1024;

/** After a write failed, the disk is left alone for this long. */
export const RETRY_AFTER_FAILURE_MS = 1_000;

const FILE_MODE = 0o600;

/** Where and how much to write. */
export interface SpoolWriterOptions {
  readonly spoolDirectory: string;
  /** Name of this producer's folder. */
  readonly folder: string;
  /** Bound for all that this process keeps on disk. */
  readonly maxBytes: number;
  /** Milliseconds of a monotonic clock. */
  readonly now: () => number;
}

/** What has become of the frames so far. */
export interface SpoolCounts {
  /** Spans in frames that were written. */
  written: number;
  /** Spans that were lost to a full or failing disk. */
  lost: number;
}

/**
 * Appends frames to this process's own folder, synchronously: when {@link append} returns, the frame survives the
 * death of the process (what survives the death of the machine, the operating system decides). Never throws: what
 * cannot be written is counted and reported, and since its sequence numbers are gone, the receiver sees the hole.
 */
export class SpoolWriter {
  readonly #options: SpoolWriterOptions;
  #file: number | undefined;
  #segment = 0;
  #segmentBytes = 0;
  /** Bytes on disk that the sender has not removed yet, those of folders taken over included. */
  #heldBytes = 0;
  #quietUntil = Number.NEGATIVE_INFINITY;
  readonly counts: SpoolCounts = { written: 0, lost: 0 };

  constructor(options: SpoolWriterOptions) {
    this.#options = options;
  }

  /** Just past the last frame; undefined while nothing has been written. */
  get position(): SpoolPosition | undefined {
    return this.#segment === 0 ? undefined : { segment: this.#segment, offset: this.#segmentBytes };
  }

  /** The sender tells what it removed (negative) or took over (positive). */
  adjustHeldBytes(bytes: number): void {
    this.#heldBytes = Math.max(0, this.#heldBytes + bytes);
  }

  /**
   * @param kind - See frame.ts.
   * @param numbers - The sequence numbers that the frame names.
   * @param payload - The request's bytes.
   * @param spans - How many spans they hold.
   * @returns Whether the frame is in the file.
   */
  append(kind: FrameKind, numbers: readonly number[], payload: Uint8Array, spans: number): boolean {
    const head = encodeFrameHead(kind, numbers, payload);
    const bytes = head.length + payload.length;
    if (this.#heldBytes + bytes > this.#options.maxBytes) {
      this.#lose(spans, 'SPOOL_FULL', 'the spool has reached SPANLEDGER_SPOOL_MAX_BYTES');
      return false;
    }
    if (this.#isQuiet() || !this.#write(head, payload)) {
      this.#lose(spans, 'SPOOL_FAILED', 'the spool directory cannot be written');
      return false;
    }
    this.#heldBytes += bytes;
    this.counts.written += spans;
    return true;
  }

  /** Never for longer than was meant, whatever becomes of the clock. */
  #isQuiet(): boolean {
    const left = this.#quietUntil - this.#options.now();
    return left > 0 && left <= RETRY_AFTER_FAILURE_MS;
  }

  #write(head: Buffer, payload: Uint8Array): boolean {
    try {
      const file = this.#openSegment();
      const bytes = head.length + payload.length;
      const written = writevSync(file, [head, payload]);
      if (written !== bytes) {
        // A disk that fills up takes a part: take it back, so that a later frame does not follow a torn one.
        ftruncateSync(file, this.#segmentBytes);
        throw new Error('The disk took only a part of a frame.');
      }
      this.#segmentBytes += bytes;
      return true;
    } catch (error) {
      this.#quietUntil = this.#options.now() + RETRY_AFTER_FAILURE_MS;
      warnOnce(
        'SPANLEDGER_SPOOL_FAILED_CAUSE',
        `Spanledger cannot write to its spool directory ${this.#options.spoolDirectory} (${describeError(error)}).`,
      );
      this.#closeSegment();
      return false;
    }
  }

  #openSegment(): number {
    if (this.#file !== undefined && this.#segmentBytes < SEGMENT_MAX_BYTES) return this.#file;
    this.#closeSegment();
    const folder = createFolder(this.#options.spoolDirectory, this.#options.folder);
    this.#file = openSync(join(folder, segmentName(this.#segment + 1)), 'ax', FILE_MODE);
    this.#segment += 1;
    this.#segmentBytes = 0;
    return this.#file;
  }

  #closeSegment(): void {
    if (this.#file === undefined) return;
    const file = this.#file;
    this.#file = undefined;
    try {
      closeSync(file);
    } catch {
      // Nothing depends on it: every frame was written before.
    }
  }

  #lose(spans: number, cause: 'SPOOL_FULL' | 'SPOOL_FAILED', why: string): void {
    this.counts.lost += spans;
    warnOnce(
      `SPANLEDGER_${cause}`,
      `Spanledger loses audit records: ${why}. The receiver will see the gap in the sequence.`,
    );
  }

  /**
   * Closes the file at the end of the process.
   *
   * @param everythingArrived - Whether the folder holds nothing unsent; it is removed then.
   */
  close(everythingArrived: boolean): void {
    this.#closeSegment();
    if (!everythingArrived || this.#segment === 0) return;
    try {
      rmSync(join(this.#options.spoolDirectory, this.#options.folder), { recursive: true, force: true });
    } catch {
      // The next start finds it empty and removes it.
    }
  }
}
