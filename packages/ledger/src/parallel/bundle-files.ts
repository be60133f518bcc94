import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import type { EntryKind } from '../verify/report.ts';
import { SoundBundleReader, type SoundBundle } from '../verify/sound-bundle.ts';
import { entryBundlePath, HASH_BYTES, MAX_BUNDLE_BYTES, TILE_WIDTH, tilePath } from '../verify/tile.ts';

/** Room for a bundle that is not larger than most: a larger one takes a second look at its size. */
const USUAL_BUNDLE_BYTES = 256 * 1024;

/**
 * Reads the full bundles of a log in a directory, each with one read into memory that is used again. It blocks: a
 * thread that reads bundles does nothing else, and a promise for each of so many files would cost more than reading it.
 */
export class BundleFiles {
  readonly #directory: string;
  readonly #reader: SoundBundleReader;
  // One byte more, to tell a tile that is too long.
  readonly #tile = new Uint8Array(TILE_WIDTH * HASH_BYTES + 1);

  /**
   * @param directory holds `tile/`
   * @param origin the log's
   * @param entries what its entries are taken for
   */
  constructor(directory: string, origin: string, entries: EntryKind) {
    this.#directory = directory;
    this.#reader = new SoundBundleReader(origin, entries);
  }

  /** The producers that the bundles of the last run have. */
  get streams(): readonly string[] {
    return this.#reader.streams;
  }

  /** Reads a bundle; undefined if it cannot be read or may not be sound. */
  #read(index: number): SoundBundle | undefined {
    try {
      const tileBytes = this.#readInto(tilePath(0, index), () => this.#tile);
      const length = this.#readInto(entryBundlePath(index), (size) => this.#reader.room(size));
      return this.#reader.check({ index, length, tile: this.#tile.subarray(0, tileBytes) });
    } catch {
      // Whoever asks looks more closely then, and reports what keeps the file from being read.
      return undefined;
    }
  }

  /** Reads the bundles from `from` up to, not including, `to`. */
  readRun({ from, to }: { from: number; to: number }): (SoundBundle | undefined)[] {
    this.#reader.reserveStreams(to - from);
    return Array.from({ length: to - from }, (_, i) => this.#read(from + i));
  }

  #readInto(path: string, room: (size: number) => Uint8Array): number {
    const file = openSync(join(this.#directory, path), 'r');
    try {
      const usual = room(USUAL_BUNDLE_BYTES);
      const length = readFully(file, usual);
      if (length < usual.length) return length;
      const size = Math.min(fstatSync(file).size, MAX_BUNDLE_BYTES);
      return readFully(file, room(size));
    } finally {
      closeSync(file);
    }
  }
}

/** Reads a file from its beginning until it ends or the room is full. */
function readFully(file: number, room: Uint8Array): number {
  let length = 0;
  while (length < room.length) {
    const read = readSync(file, room, length, room.length - length, length);
    if (read === 0) break;
    length += read;
  }
  return length;
}
