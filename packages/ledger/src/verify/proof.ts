/**
 * Computing proofs (RFC 6962, sections 2.1.1 and 2.1.2) from the hashes that a log stores. What is computed
 * here is as good as the hashes that were read: verify it like a stranger's.
 */
import { foldPeaks } from './compact-range.ts';
import { HASH_BYTES, TILE_WIDTH, tilePath, tileWidthAt, type TileSource } from './tile.ts';
import { hashTile } from './tile-builder.ts';
import { EMPTY_ROOT } from './tree.ts';

/**
 * Gives the hash of a complete subtree.
 *
 * @param level its height: it has 2^level leaves
 * @param index its place among the subtrees of that height: its first leaf is index * 2^level
 */
export type HashReader = (level: number, index: number) => Promise<Uint8Array>;

/**
 * The root of a log at a size.
 *
 * @param size at most the size up to which `read` can answer
 */
export function computeRoot(size: number, read: HashReader): Promise<Uint8Array> {
  return size === 0 ? Promise.resolve(EMPTY_ROOT) : rangeRoot(0, size, read);
}

/**
 * An inclusion proof.
 *
 * @param index the entry's index, below `size`
 * @returns from the leaf's sibling up to the root's child
 * @throws TypeError if the tree has no such entry
 */
export function computeInclusionProof(index: number, size: number, read: HashReader): Promise<Uint8Array[]> {
  if (!Number.isSafeInteger(size) || !Number.isSafeInteger(index) || index < 0 || index >= size) {
    throw new TypeError(`a tree of ${size} entries has no entry ${index}`);
  }
  const ranges: [from: number, to: number][] = [];
  let [from, to] = [0, size];
  while (to - from > 1) {
    const middle = from + splitPoint(to - from);
    ranges.push(index < middle ? [middle, to] : [from, middle]);
    [from, to] = index < middle ? [from, middle] : [middle, to];
  }
  return Promise.all(ranges.reverse().map((range) => rangeRoot(...range, read)));
}

/**
 * A consistency proof.
 *
 * @param firstSize the earlier tree's size, at most `secondSize`; the proof from 0 is empty
 * @throws TypeError if the sizes are not in order
 */
export function computeConsistencyProof(
  firstSize: number,
  secondSize: number,
  read: HashReader,
): Promise<Uint8Array[]> {
  if (
    !Number.isSafeInteger(secondSize) ||
    !Number.isSafeInteger(firstSize) ||
    firstSize < 0 ||
    firstSize > secondSize
  ) {
    throw new TypeError(`no tree of ${firstSize} entries grows to one of ${secondSize}`);
  }
  if (firstSize === 0 || firstSize === secondSize) return Promise.resolve([]);
  const ranges: [from: number, to: number][] = [];
  let [from, to] = [0, secondSize];
  while (to !== firstSize) {
    const middle = from + splitPoint(to - from);
    ranges.push(firstSize <= middle ? [middle, to] : [from, middle]);
    [from, to] = firstSize <= middle ? [from, middle] : [middle, to];
  }
  // The subtree that ends the first tree is left out where it is the whole first tree, whose root is known.
  if (from !== 0) ranges.push([from, to]);
  return Promise.all(ranges.reverse().map((range) => rangeRoot(...range, read)));
}

/** A tile that a {@link tileHashReader} needs is missing or has the wrong size. */
export class TileUnavailableError extends Error {
  /** The tile's path, relative to the log's prefix. */
  readonly path: string;

  constructor(path: string, detail: string) {
    super(`${path} ${detail}`);
    this.name = 'TileUnavailableError';
    this.path = path;
  }
}

/** How many tiles a {@link tileHashReader} keeps: a right edge and a path of seven levels, with room to walk. */
const MAX_CACHED_TILES = 64;

/**
 * Reads hashes from the tiles of a log.
 *
 * @param size a published size; tiles are asked for in the width that they have in it, and, where a partial
 *   tile is gone because the log has grown, in full
 * @returns a reader that rejects with a {@link TileUnavailableError} where a tile is missing
 */
export function tileHashReader(source: TileSource, size: number): HashReader {
  const cache = new Map<string, Promise<Uint8Array>>();
  const readTile = async (level: number, index: number, width: number): Promise<Uint8Array> => {
    const path = tilePath(level, index, width);
    const bytes = await source.read(path);
    if (bytes?.length === width * HASH_BYTES) return bytes;
    const full =
      width === TILE_WIDTH || bytes !== undefined ? undefined : await source.read(tilePath(level, index));
    if (full?.length === TILE_WIDTH * HASH_BYTES) return full.subarray(0, width * HASH_BYTES);
    throw new TileUnavailableError(path, bytes === undefined ? 'is missing' : `has ${bytes.length} bytes`);
  };
  return async (level, index) => {
    const tileLevel = Math.floor(level / 8);
    const hashesPerNode = 2 ** (level % 8);
    const first = index * hashesPerNode;
    const tileIndex = Math.floor(first / TILE_WIDTH);
    const width = tileWidthAt(size, tileLevel, tileIndex);
    const begin = first - tileIndex * TILE_WIDTH;
    if (begin + hashesPerNode > width)
      throw new TypeError(`a tree of ${size} entries has no node ${level}/${index}`);
    const key = `${tileLevel}/${tileIndex}`;
    let tile = cache.get(key);
    // Set again, a key moves to the end: the first one is the one unused for the longest time.
    cache.delete(key);
    tile ??= readTile(tileLevel, tileIndex, width);
    cache.set(key, tile);
    // A failure is not kept: the next attempt may succeed.
    tile.catch(() => cache.delete(key));
    if (cache.size > MAX_CACHED_TILES) cache.delete([...cache.keys()][0] ?? key);
    const hashes = (await tile).slice(begin * HASH_BYTES, (begin + hashesPerNode) * HASH_BYTES);
    return hashTile(hashes);
  };
}

/** The root over leaves [from, to), which begin where a subtree of RFC 6962 begins. */
async function rangeRoot(from: number, to: number, read: HashReader): Promise<Uint8Array> {
  const nodes: Promise<Uint8Array>[] = [];
  for (let at = from; at < to;) {
    let level = 0;
    while (at % 2 ** (level + 1) === 0 && at + 2 ** (level + 1) <= to) level += 1;
    nodes.push(read(level, at / 2 ** level));
    at += 2 ** level;
  }
  const root = foldPeaks(await Promise.all(nodes));
  if (root === undefined) throw new TypeError('an empty range of leaves has no root here');
  return root;
}

/** RFC 6962's k: the largest power of two below n, for n above 1. */
function splitPoint(n: number): number {
  let k = 1;
  while (k * 2 < n) k *= 2;
  return k;
}
