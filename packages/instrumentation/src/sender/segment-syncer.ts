import { closeSync, fdatasyncSync, fstatSync, fsyncSync, openSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { segmentName, segmentNumber } from '../spool/segment-name.ts';
import type { SpoolCounters } from '../spool/spool-counters.ts';
import type { SpoolPosition } from '../spool/spool-position.ts';

/** How often what is new is brought to the disk itself. */
export const SYNC_INTERVAL_MS = 100;

/** A file, or the names in a directory, that can be brought to the disk. */
export interface Syncable {
  /** Its length. */
  readonly sizeBytes: number;
  sync(): void;
  close(): void;
}

/** What a syncer works with. */
export interface SyncerParts {
  /** The live folder. */
  readonly folder: string;
  readonly counters: SpoolCounters;
  /** Up to where everything has arrived: that needs no disk any more. */
  readonly confirmed: () => SpoolPosition;
  /** Undefined where there is no such file. */
  readonly open: (path: string, what: 'directory' | 'file') => Syncable | undefined;
}

/**
 * Brings the live folder's segments to the disk, from a thread that nobody waits for: a sync takes as long as the disk
 * wants, and any file handle does, since it is the file that is synced. The newest segment stays open: ten times a
 * second, looking for it takes half as long as the sync.
 */
export class SegmentSyncer {
  readonly #parts: SyncerParts;
  /** The last segment whose name is on the disk as well. */
  #named = 0;
  /** The number of {@link #file}. */
  #segment = 0;
  #file: Syncable | undefined;
  /** What was confirmed at the last look. */
  #confirmed: SpoolPosition | undefined;

  constructor(parts: SyncerParts) {
    this.#parts = parts;
  }

  /** Syncs what was appended since the last time; nothing where nothing was, or all of it has arrived. */
  run(): void {
    const { counters } = this.#parts;
    // Read before the files are: what is appended meanwhile is for the next time.
    const { appended } = counters;
    if (appended === counters.synced) return;
    const newest = counters.segment;
    const confirmed = this.#parts.confirmed();
    if (!this.#hasArrived(newest, confirmed)) this.#syncUpTo(newest, confirmed);
    counters.synced = appended;
  }

  #hasArrived(newest: number, confirmed: SpoolPosition): boolean {
    // As long as nothing more is confirmed, what was appended since has not arrived.
    if (confirmed === this.#confirmed) return false;
    this.#confirmed = confirmed;
    return newest === confirmed.segment && this.#open(newest)?.sizeBytes === confirmed.offset;
  }

  #syncUpTo(newest: number, confirmed: SpoolPosition): void {
    const { folder, open } = this.#parts;
    const first = Math.max(confirmed.segment, this.#named === 0 ? firstSegment(folder) : this.#named);
    for (let segment = first; segment <= newest; segment++) this.#open(segment)?.sync();
    if (newest <= this.#named) return;
    syncOnce(open(folder, 'directory'));
    if (this.#named === 0) syncOnce(open(dirname(folder), 'directory'));
    this.#named = newest;
  }

  /** One that has gone meanwhile has arrived. */
  #open(segment: number): Syncable | undefined {
    if (segment === this.#segment && this.#file !== undefined) return this.#file;
    this.#file?.close();
    this.#segment = segment;
    this.#file = this.#parts.open(join(this.#parts.folder, segmentName(segment)), 'file');
    return this.#file;
  }
}

function syncOnce(directory: Syncable | undefined): void {
  try {
    directory?.sync();
  } finally {
    directory?.close();
  }
}

/** Opens a file or a directory to be synced; undefined where there is none. */
export function openSyncable(path: string, what: 'directory' | 'file'): Syncable | undefined {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
  return {
    get sizeBytes() {
      return fstatSync(file).size;
    },
    sync() {
      if (what === 'file') fdatasyncSync(file);
      else fsyncSync(file);
    },
    close() {
      closeSync(file);
    },
  };
}

function firstSegment(folder: string): number {
  try {
    const segments = readdirSync(folder)
      .map(segmentNumber)
      .filter((number) => number !== undefined);
    return Math.min(...segments);
  } catch {
    return 1;
  }
}
