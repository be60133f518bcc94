import { hashPairs } from '#crypto';
import { CompactRange, foldPeaks } from './compact-range.ts';
import { HASH_BYTES, TILE_WIDTH, tileWidthAt, type TileCoordinates } from './tile.ts';
import { EMPTY_ROOT } from './tree.ts';

/** A tile with its content. */
export interface Tile extends TileCoordinates {
  /** `width` hashes, end to end. */
  hashes: Uint8Array;
}

/** A tile level that is being filled. */
interface Row {
  /** How many full tiles the level has already given away. */
  fullTiles: number;
  width: number;
  hashes: Uint8Array;
}

/**
 * Turns leaf hashes into tiles, level by level. It keeps one partial tile a level and gives each full one away,
 * so its size is that of the tree's right edge.
 */
export class TileBuilder {
  #size: number;
  readonly #rows: Row[] = [];
  readonly #hashFull: (hashes: Uint8Array) => Uint8Array;

  /**
   * @param size how many leaves the tree has already
   * @param readPartial gives the tree's partial tiles, at the coordinates asked for; not called if `size` is 0
   * @param hashFull does what {@link hashTile} does, for full tiles; it may overwrite what it gave before
   * @throws TypeError if a partial tile does not have the width asked for
   */
  constructor(
    size = 0,
    readPartial?: (tile: TileCoordinates) => Uint8Array,
    hashFull: (hashes: Uint8Array) => Uint8Array = hashTile,
  ) {
    this.#size = size;
    this.#hashFull = hashFull;
    for (let level = 0; size >= TILE_WIDTH ** level; level++) {
      const fullTiles = Math.floor(size / TILE_WIDTH ** (level + 1));
      const width = tileWidthAt(size, level, fullTiles);
      const row = { fullTiles, width, hashes: new Uint8Array(TILE_WIDTH * HASH_BYTES) };
      if (width > 0) {
        const partial = readPartial?.({ level, index: fullTiles, width });
        if (partial?.length !== width * HASH_BYTES)
          throw new TypeError(`level ${level}: no tile of width ${width}`);
        row.hashes.set(partial);
      }
      this.#rows.push(row);
    }
  }

  /** How many leaves there are. */
  get size(): number {
    return this.#size;
  }

  /** The tree's root hash at this size. */
  get root(): Uint8Array {
    const peaks: Uint8Array[] = [];
    for (const row of this.#rows)
      peaks.unshift(...subtreePeaks(row.hashes.subarray(0, row.width * HASH_BYTES)));
    return foldPeaks(peaks) ?? EMPTY_ROOT;
  }

  /**
   * Appends leaves.
   *
   * @param leafHashes 32 bytes each, end to end, which are copied
   * @param onFull is given each tile that they complete, in order, of those that one leaf completes the lowest level first
   * @throws TypeError if the hashes are not whole
   */
  append(leafHashes: Uint8Array, onFull: (tile: Tile) => void): void {
    if (leafHashes.length % HASH_BYTES !== 0) throw new TypeError('not whole hashes');
    for (let at = 0; at < leafHashes.length;) {
      const roomBytes = (TILE_WIDTH - (this.#rows[0]?.width ?? 0)) * HASH_BYTES;
      const some = leafHashes.subarray(at, at + roomBytes);
      this.#size += some.length / HASH_BYTES;
      this.#fill(some, onFull);
      at += some.length;
    }
  }

  /** Appends to the lowest level as many hashes as its row has room for. */
  #fill(leafHashes: Uint8Array, onFull: (tile: Tile) => void): void {
    let hashes: Uint8Array | undefined = leafHashes;
    for (let level = 0; hashes !== undefined; level++) {
      const row = (this.#rows[level] ??= {
        fullTiles: 0,
        width: 0,
        hashes: new Uint8Array(TILE_WIDTH * HASH_BYTES),
      });
      row.hashes.set(hashes, row.width * HASH_BYTES);
      row.width += hashes.length / HASH_BYTES;
      hashes = undefined;
      if (row.width === TILE_WIDTH) {
        onFull({ level, index: row.fullTiles, width: TILE_WIDTH, hashes: row.hashes });
        hashes = this.#hashFull(row.hashes);
        row.fullTiles += 1;
        row.width = 0;
        row.hashes = new Uint8Array(TILE_WIDTH * HASH_BYTES);
      }
    }
  }

  /** The partial tiles of the tree at this size, as copies, the lowest level first. */
  partialTiles(): Tile[] {
    return this.#rows.flatMap(({ fullTiles, width, hashes }, level) =>
      width === 0 ? [] : [{ level, index: fullTiles, width, hashes: hashes.slice(0, width * HASH_BYTES) }],
    );
  }
}

/**
 * The root of the subtree over a tile's hashes. For a full tile it is the hash that stands for it in the level
 * above.
 *
 * @param hashes at least one hash, end to end
 */
export function hashTile(hashes: Uint8Array): Uint8Array {
  const width = hashes.length / HASH_BYTES;
  // Of a complete subtree row by row, which takes a third of the time.
  if (width > 1 && (width & (width - 1)) === 0) return hashRows(hashes, width);
  return foldPeaks(subtreePeaks(hashes)) ?? EMPTY_ROOT;
}

function hashRows(hashes: Uint8Array, width: number): Uint8Array {
  const nodes = new Uint8Array(hashes.length / 2);
  hashPairs(hashes, width / 2, nodes);
  for (let pairs = width / 4; pairs >= 1; pairs /= 2) hashPairs(nodes, pairs, nodes);
  return nodes.slice(0, HASH_BYTES);
}

/**
 * The roots of the largest complete subtrees over some hashes, from left to right.
 *
 * @param hashes up to 256 hashes, end to end
 */
export function subtreePeaks(hashes: Uint8Array): Uint8Array[] {
  const range = new CompactRange();
  for (let at = 0; at < hashes.length; at += HASH_BYTES) range.append(hashes.subarray(at, at + HASH_BYTES));
  return range.peaks;
}
