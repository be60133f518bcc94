import {
  closeSync,
  fdatasyncSync,
  fstatSync,
  ftruncateSync,
  openSync,
  rmSync,
  statSync,
  writevSync,
} from 'node:fs';
import { join } from 'node:path';
import { describeError, warnOnce } from '../warning.ts';
import { encodeFrameHead, sealContext, type FrameKind } from './frame.ts';
import { reserveLossFile, writeLosses, type LossReason, type LossState } from './loss-file.ts';
import { segmentName } from './segment-name.ts';
import type { SpoolCounters } from './spool-counters.ts';
import { createFolder, segmentBytes } from './spool-directory.ts';
import type { SpoolPosition } from './spool-position.ts';
import type { SpoolSeal } from './spool-seal.ts';
import { warnAboutCause, warnAboutFolder, warnAboutLoss } from './spool-warnings.ts';

/** A segment is closed before it gets longer than this, or than this part of the bound: only whole ones are freed. */
export const SEGMENT_MAX_BYTES: number = 4 * 1024 * 1024;
export const SEGMENTS_PER_SPOOL = 8;

/** After a write failed, the disk is left alone for this long. */
export const RETRY_AFTER_FAILURE_MS = 1_000;

/** A full disk is tried again this often while the application waits: others may make room, and nobody tells. */
export const RETRY_WHILE_BLOCKED_MS = 5;

const FILE_MODE = 0o600;
const NO_THROW = { throwIfNoEntry: false } as const;

/** When what was written has to be on the disk itself: `interval` is seen to by the sender. */
export type FsyncPolicy = 'always' | 'interval' | 'off';

/** Where and how much to write. */
export interface SpoolWriterOptions {
  readonly spoolDirectory: string;
  /** Name of this producer's folder. */
  readonly folder: string;
  /** Bound for all that this process keeps on disk. */
  readonly maxBytes: number;
  readonly fsync: FsyncPolicy;
  /** How long an append waits for room before it gives up; 0: not at all. */
  readonly blockMs: number;
  readonly counters: SpoolCounters;
  /** Seals every frame; absent where nobody asked for it. */
  readonly seal?: SpoolSeal | undefined;
  /** Milliseconds of a monotonic clock. */
  readonly now: () => number;
}

/**
 * How much an append wants to succeed: `wait` for room as far as the options allow; `try` and give up; or `force`,
 * which goes beyond the bound, for the last few bytes of a process.
 */
export type AppendMode = 'force' | 'try' | 'wait';

/** Whether a frame is in the file, or why it is not. */
export type AppendOutcome = 'written' | Exclude<LossReason, 'encode_failed'>;

/**
 * Appends frames to this process's own folder, synchronously: when {@link append} returns, the frame survives the
 * death of the process (and with `fsync: 'always'` that of the machine). Never throws: what cannot be written is the
 * caller's to count, and works again by itself as soon as there is room, or the directory is back.
 */
export class SpoolWriter {
  readonly #options: SpoolWriterOptions;
  readonly #segmentMaxBytes: number;
  #file: number | undefined;
  /** Of the open file, while the folder is where it was. */
  #path = '';
  /** Of the open file, whose name may come to lead elsewhere; undefined on file systems where that cannot be told. */
  #inode: number | undefined;
  #segment = 0;
  #segmentBytes = 0;
  #quietUntil = Number.NEGATIVE_INFINITY;
  #quietOutcome: AppendOutcome = 'spool_failed';
  /** The counters' `freed` when a wait was in vain: until it changes, the application is not held up again. */
  #waitedInVain: number | undefined;
  #written = 0;

  constructor(options: SpoolWriterOptions) {
    this.#options = options;
    this.#segmentMaxBytes = Math.min(SEGMENT_MAX_BYTES, Math.ceil(options.maxBytes / SEGMENTS_PER_SPOOL));
  }

  /** Just past the last frame; undefined while nothing has been written. */
  get position(): SpoolPosition | undefined {
    return this.#segment === 0 ? undefined : { segment: this.#segment, offset: this.#segmentBytes };
  }

  /** Spans in final frames that were written. */
  get written(): number {
    return this.#written;
  }

  /**
   * @param kind - See frame.ts.
   * @param numbers - The sequence numbers that the frame names.
   * @param payload - The request's bytes.
   * @param spans - How many spans they hold.
   * @param mode - What to do where there is no room.
   */
  append(
    kind: FrameKind,
    numbers: readonly number[],
    payload: Uint8Array,
    spans: number,
    mode: AppendMode = 'wait',
  ): AppendOutcome {
    const { seal } = this.#options;
    const bytes = seal === undefined ? payload : seal.seal(sealContext(kind, numbers), payload);
    const outcome = this.#append(encodeFrameHead(kind, numbers, bytes, seal !== undefined), bytes, mode);
    if (outcome === 'written') {
      if (kind === 'final') this.#written += spans;
    } else if (kind === 'final') {
      warnAboutLoss(outcome);
    }
    return outcome;
  }

  #append(head: Buffer, payload: Uint8Array, mode: AppendMode): AppendOutcome {
    const bytes = head.length + payload.length;
    const hasRoom = (): boolean => this.#options.counters.heldBytes + bytes <= this.#options.maxBytes;
    if (mode !== 'force' && !hasRoom() && !(mode === 'wait' && this.#waitUntil(hasRoom))) {
      return 'spool_full';
    }
    if (mode !== 'force' && this.#isQuiet()) return this.#quietOutcome;
    let outcome = this.#write(head, payload);
    if (outcome === 'disk_full' && mode === 'wait') {
      this.#waitUntil(() => (outcome = this.#write(head, payload)) !== 'disk_full');
    }
    if (outcome === 'written') {
      // Beyond the bound only the sender makes room, and tells; on a disk that was full anybody may have.
      if (this.#quietOutcome === 'disk_full' && mode === 'wait') this.#waitedInVain = undefined;
    } else {
      this.#quietUntil = this.#options.now() + RETRY_AFTER_FAILURE_MS;
      this.#quietOutcome = outcome;
    }
    return outcome;
  }

  /** Never for longer than was meant, whatever becomes of the clock. */
  #isQuiet(): boolean {
    const left = this.#quietUntil - this.#options.now();
    return left > 0 && left <= RETRY_AFTER_FAILURE_MS;
  }

  /** Blocks the thread until `attempt` succeeds, for as long as that is allowed. */
  #waitUntil(attempt: () => boolean): boolean {
    const { blockMs, counters, now } = this.#options;
    let freed = counters.freed;
    if (blockMs === 0 || freed === this.#waitedInVain) return false;
    const deadline = now() + blockMs;
    // The waits are counted as well: the clock may stand still (fake timers), and the application would with it.
    for (let leftMs = blockMs; ;) {
      if (attempt()) return true;
      leftMs = Math.min(leftMs, deadline - now());
      if (leftMs <= 0) break;
      const stepMs = Math.min(leftMs, RETRY_WHILE_BLOCKED_MS);
      if (counters.waitForRoom(freed, stepMs) === 'timed-out') leftMs -= stepMs;
      freed = counters.freed;
    }
    this.#waitedInVain = freed;
    return false;
  }

  #write(head: Buffer, payload: Uint8Array): AppendOutcome {
    const outcome = this.#writeOnce(head, payload);
    // Once, and after the write: it may have been taken away before, or in between.
    if (!this.#isGone()) return outcome;
    if (outcome === 'written') this.#takeBack(head.length + payload.length);
    this.#forgetFolder();
    return this.#writeOnce(head, payload);
  }

  #writeOnce(head: Buffer, payload: Uint8Array): AppendOutcome {
    const bytes = head.length + payload.length;
    try {
      const file = this.#openSegment(bytes);
      const written = writevSync(file, [head, payload]);
      if (written !== bytes) {
        // A disk that fills up takes a part: take it back, so that a later frame does not follow a torn one.
        ftruncateSync(file, this.#segmentBytes);
        warnAboutCause(this.#options.spoolDirectory, 'it is full');
        return 'disk_full';
      }
      this.#segmentBytes += bytes;
      this.#options.counters.noteAppended(bytes);
      if (this.#options.fsync === 'always') this.#sync(file);
      return 'written';
    } catch (error) {
      const isFull = isDiskFull(error);
      warnAboutCause(this.#options.spoolDirectory, isFull ? 'it is full' : describeError(error));
      if (!isFull) this.#closeSegment();
      return isFull ? 'disk_full' : 'spool_failed';
    }
  }

  #openSegment(bytes: number): number {
    const isFull = this.#segmentBytes > 0 && this.#segmentBytes + bytes > this.#segmentMaxBytes;
    if (this.#file !== undefined && !isFull) return this.#file;
    if (this.#isGone()) this.#forgetFolder();
    this.#closeSegment();
    const folder = createFolder(this.#options.spoolDirectory, this.#options.folder);
    reserveLossFile(folder);
    const path = join(folder, segmentName(this.#segment + 1));
    this.#file = openSync(path, 'ax', FILE_MODE);
    this.#path = path;
    this.#segment += 1;
    this.#segmentBytes = 0;
    this.#options.counters.segment = this.#segment;
    const inode = fstatSync(this.#file).ino;
    this.#inode = this.#inodeOfName() === inode ? inode : undefined;
    return this.#file;
  }

  /** Whether the open file is not the one that its name leads to. */
  #isGone(): boolean {
    if (this.#file === undefined) return false;
    if (this.#inode === undefined) return fstatSync(this.#file).nlink === 0;
    const inode = this.#inodeOfName();
    return inode !== 'unknown' && inode !== this.#inode;
  }

  #inodeOfName(): number | 'unknown' | undefined {
    try {
      return statSync(this.#path, NO_THROW)?.ino;
    } catch {
      // It may not be looked at any more; what is open can still be written.
      return 'unknown';
    }
  }

  /**
   * Whoever has the file now is not to send what is written again elsewhere. They may have been through with it already:
   * twice is better than never.
   */
  #takeBack(bytes: number): void {
    try {
      if (this.#file !== undefined) ftruncateSync(this.#file, this.#segmentBytes - bytes);
    } catch {
      // As above.
    }
  }

  /**
   * Somebody removed the directory: what is written into a file without a name, nobody reads. Or another host's process
   * took this one for dead and has the folder now: it sends what is there, and removes it.
   */
  #forgetFolder(): void {
    const isRemoved = this.#file !== undefined && fstatSync(this.#file).nlink === 0;
    this.#closeSegment();
    this.#options.counters.noteRemoved(segmentBytes(this.#folder()), this.#written);
    warnAboutFolder(this.#options.spoolDirectory, isRemoved ? 'removed' : 'taken');
  }

  #closeSegment(): void {
    if (this.#file === undefined) return;
    const file = this.#file;
    this.#file = undefined;
    try {
      closeSync(file);
      // A disk that fails at every attempt would otherwise leave an empty file for each.
      if (this.#segmentBytes === 0) rmSync(this.#path, { force: true });
    } catch {
      // Nothing depends on it: every frame was written before.
    }
  }

  #sync(file: number): void {
    const { counters } = this.#options;
    const { appended } = counters;
    try {
      fdatasyncSync(file);
      counters.synced = appended;
    } catch (error) {
      warnOnce(
        'SPANLEDGER_SPOOL_SYNC_FAILED',
        `Spanledger's spool could not be synced to the disk (${describeError(error)}): records may not survive the death of the machine.`,
      );
    }
  }

  /** Notes what was lost in the folder, for whoever takes it over. */
  noteLosses(state: LossState): void {
    if (this.#segment > 0) writeLosses(this.#folder(), state);
  }

  #folder(): string {
    return join(this.#options.spoolDirectory, this.#options.folder);
  }

  /**
   * Closes the file at the end of the process.
   *
   * @param everythingArrived - Whether the folder holds nothing unsent; it is removed then.
   */
  close(everythingArrived: boolean): void {
    try {
      if (everythingArrived && this.#segment > 0) {
        this.#closeSegment();
        rmSync(this.#folder(), { recursive: true, force: true });
        return;
      }
      const { fsync, counters } = this.#options;
      // The sender ends with the process, before its next round.
      if (this.#file !== undefined && fsync === 'interval' && counters.synced !== counters.appended) {
        this.#sync(this.#file);
      }
    } catch {
      // The next start finds what is there, and removes what is empty.
    }
    this.#closeSegment();
  }
}

function isDiskFull(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOSPC' || error.code === 'EDQUOT');
}
