import { closeSync, fdatasyncSync, fsyncSync, openSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { segmentName, segmentNumber } from '../spool/segment-name.ts';
import type { SpoolCounters } from '../spool/spool-counters.ts';
import type { SpoolPosition } from '../spool/spool-position.ts';

/** How often what is new is brought to the disk itself. */
export const SYNC_INTERVAL_MS = 100;

/** What a syncer works with. */
export interface SyncerParts {
  /** The live folder. */
  readonly folder: string;
  readonly counters: SpoolCounters;
  /** Up to where everything has arrived: that needs no disk any more. */
  readonly confirmed: () => SpoolPosition;
  /** Brings a file, or the names in a directory, to the disk. */
  readonly sync: (path: string, what: 'directory' | 'file') => void;
}

/**
 * Brings the live folder's segments to the disk, from a thread that nobody waits for: a sync takes as long as the disk
 * wants, and any file handle does, since it is the file that is synced.
 */
export class SegmentSyncer {
  readonly #parts: SyncerParts;
  /** The last segment whose name is on the disk as well. */
  #named = 0;

  constructor(parts: SyncerParts) {
    this.#parts = parts;
  }

  /** Syncs what was appended since the last time; nothing where nothing was, or all of it has arrived. */
  run(): void {
    const { folder, counters, sync } = this.#parts;
    // Read before the files are: what is appended meanwhile is for the next time.
    const { appended } = counters;
    if (appended === counters.synced) return;
    const segments = listSegments(folder);
    const confirmed = this.#parts.confirmed();
    const newest = segments.at(-1) ?? 0;
    if (newest === confirmed.segment && sizeOf(join(folder, segmentName(newest))) === confirmed.offset) {
      counters.synced = appended;
      return;
    }
    for (const segment of segments) {
      if (segment >= Math.max(confirmed.segment, this.#named)) {
        sync(join(folder, segmentName(segment)), 'file');
      }
    }
    if (newest > this.#named) {
      sync(folder, 'directory');
      if (this.#named === 0) sync(dirname(folder), 'directory');
      this.#named = newest;
    }
    counters.synced = appended;
  }
}

/** Syncs a file or a directory; one that has gone meanwhile has arrived. */
export function syncPath(path: string, what: 'directory' | 'file'): void {
  let file;
  try {
    file = openSync(path, 'r');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return;
    throw error;
  }
  try {
    if (what === 'file') fdatasyncSync(file);
    else fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

function sizeOf(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.size;
}

function listSegments(folder: string): number[] {
  try {
    return readdirSync(folder)
      .map(segmentNumber)
      .filter((number) => number !== undefined)
      .toSorted((a, b) => a - b);
  } catch {
    return [];
  }
}
