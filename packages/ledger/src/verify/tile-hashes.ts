import { hashPairs } from '#crypto';
import type { Kernel } from './kernel/kernel.ts';
import { TileUnavailableError, type HashReader } from './proof.ts';
import { HASH_BYTES, TILE_WIDTH, tilePath, tileWidthAt, type TileSource } from './tile.ts';

/** How many tiles are kept, of at most 16 KiB each, those that were used last. */
const MAX_CACHED_TILES = 1_024;

type HashPairs = typeof hashPairs;

/** A tile's hashes and the nodes above them, each row hashed when it is first asked for. */
class TileNodes {
  /** By their height. */
  readonly #rows: Uint8Array[];
  readonly #hashPairs: HashPairs;

  constructor(hashes: Uint8Array, hash: HashPairs) {
    this.#rows = [hashes];
    this.#hashPairs = hash;
  }

  /** A copy of the hash of a complete subtree in the tile. */
  node(height: number, index: number): Uint8Array {
    let row = this.#rows[0] ?? new Uint8Array(0);
    for (let at = 1; at <= height; at++) {
      let above = this.#rows[at];
      if (above === undefined) {
        const count = Math.floor(row.length / (2 * HASH_BYTES));
        this.#hashPairs(row, count, (above = new Uint8Array(count * HASH_BYTES)));
        this.#rows.push(above);
      }
      row = above;
    }
    return row.slice(index * HASH_BYTES, (index + 1) * HASH_BYTES);
  }
}

/** Reads hashes from the tiles of a log, and keeps some of what it read and hashed. */
export class TileHashes {
  readonly #source: TileSource;
  readonly #hashPairs: HashPairs;
  readonly #tiles = new Map<string, Promise<TileNodes>>();

  /**
   * @param source the log's files
   * @param kernel what hashes, where that is to be had; node:crypto, or the platform's JavaScript, if not given
   */
  constructor(source: TileSource, kernel?: Kernel) {
    this.#source = source;
    this.#hashPairs = kernel === undefined ? hashPairs : kernel.hashPairs.bind(kernel);
  }

  /**
   * Reads at a size.
   *
   * @param size a published size; tiles are asked for in the width that they have in it, and, where a partial
   *   tile is gone because the log has grown, in full
   * @returns a reader that rejects with a {@link TileUnavailableError} where a tile is missing
   */
  at(size: number): HashReader {
    return async (level, index) => {
      const tileLevel = Math.floor(level / 8);
      const height = level % 8;
      const first = index * 2 ** height;
      const tileIndex = Math.floor(first / TILE_WIDTH);
      const width = tileWidthAt(size, tileLevel, tileIndex);
      const begin = first - tileIndex * TILE_WIDTH;
      if (begin + 2 ** height > width)
        throw new TypeError(`a tree of ${size} entries has no node ${level}/${index}`);
      const tile = await this.#tile(tileLevel, tileIndex, width);
      return tile.node(height, begin / 2 ** height);
    };
  }

  #tile(level: number, index: number, width: number): Promise<TileNodes> {
    const path = tilePath(level, index, width);
    const kept = this.#tiles.get(path);
    // Set again, a path moves to the end: the first one is the one unused for the longest time.
    this.#tiles.delete(path);
    const tile = kept ?? this.#read(path, level, index, width);
    this.#tiles.set(path, tile);
    if (kept !== undefined) return tile;
    // A failure is not kept: the next attempt may succeed.
    tile.catch(() => this.#tiles.delete(path));
    for (const oldest of this.#tiles.keys()) {
      if (this.#tiles.size <= MAX_CACHED_TILES) break;
      this.#tiles.delete(oldest);
    }
    return tile;
  }

  async #read(path: string, level: number, index: number, width: number): Promise<TileNodes> {
    const bytes = await this.#source.read(path);
    if (bytes?.length === width * HASH_BYTES) return new TileNodes(bytes, this.#hashPairs);
    const full =
      width === TILE_WIDTH || bytes !== undefined
        ? undefined
        : await this.#source.read(tilePath(level, index));
    if (full?.length === TILE_WIDTH * HASH_BYTES)
      return new TileNodes(full.subarray(0, width * HASH_BYTES), this.#hashPairs);
    throw new TileUnavailableError(path, bytes === undefined ? 'is missing' : `has ${bytes.length} bytes`);
  }
}

/**
 * Reads hashes from the tiles of a log.
 *
 * @param size a published size; tiles are asked for in the width that they have in it, and, where a partial
 *   tile is gone because the log has grown, in full
 * @returns a reader that rejects with a {@link TileUnavailableError} where a tile is missing
 */
export function tileHashReader(source: TileSource, size: number): HashReader {
  return new TileHashes(source).at(size);
}
