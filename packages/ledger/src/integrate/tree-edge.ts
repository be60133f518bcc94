import { LedgerError } from '../errors.ts';
import { equalBytes } from '../verify/encoding.ts';
import {
  entryBundlePath,
  HASH_BYTES,
  hashCountAtLevel,
  scanEntryBundle,
  TILE_WIDTH,
  tilePath,
  type TileSource,
} from '../verify/tile.ts';
import { hashLeaf } from '../verify/tree.ts';

/** What is needed of a log to append to it. */
export interface TreeEdge {
  size: number;
  /** The unfinished hash tile of each level that has one, by level. */
  tiles: Map<number, Uint8Array>;
  /** The unfinished entry bundle; empty if there is none. */
  bundle: Uint8Array;
  /** The last entry's leaf hash, 32 bytes; undefined for an empty log. */
  lastHash: Uint8Array | undefined;
}

/**
 * Reads the right edge of a log's tree from its tiles. Whether it leads to the checkpoint's root is the caller's to
 * check.
 *
 * @param size a published size
 * @throws LedgerError `tile_missing` or `ledger_damaged`
 */
export async function readTreeEdge(source: TileSource, size: number): Promise<TreeEdge> {
  const tiles = new Map<number, Uint8Array>();
  for (let level = 0, count = size; count > 0; level++, count = hashCountAtLevel(size, level)) {
    const width = count % TILE_WIDTH;
    if (width > 0) tiles.set(level, await readHashes(source, level, Math.floor(count / TILE_WIDTH), width));
  }
  const bundle = await readBundle(source, size, tiles.get(0) ?? new Uint8Array(0));
  let lastTile = tiles.get(0);
  if (lastTile === undefined && size > 0) {
    lastTile = await readHashes(source, 0, size / TILE_WIDTH - 1, TILE_WIDTH);
  }
  return { size, tiles, bundle, lastHash: lastTile?.slice(-HASH_BYTES) };
}

async function readHashes(
  source: TileSource,
  level: number,
  index: number,
  width: number,
): Promise<Uint8Array> {
  const path = tilePath(level, index, width);
  const bytes = (await source.read(path)) ?? (await source.read(tilePath(level, index)));
  if (bytes === undefined) throw missing(path);
  if (bytes.length < width * HASH_BYTES) {
    throw new LedgerError('ledger_damaged', `${path} has ${bytes.length} bytes, not ${width * HASH_BYTES}`);
  }
  return bytes.slice(0, width * HASH_BYTES);
}

async function readBundle(source: TileSource, size: number, leaves: Uint8Array): Promise<Uint8Array> {
  const width = leaves.length / HASH_BYTES;
  if (width === 0) return leaves;
  const index = Math.floor(size / TILE_WIDTH);
  const path = entryBundlePath(index, width);
  const bytes = (await source.read(path)) ?? (await source.read(entryBundlePath(index)));
  if (bytes === undefined) throw missing(path);
  const { entries } = scanEntryBundle(bytes);
  let sizeBytes = 0;
  for (let i = 0; i < width; i++) {
    const entry = entries[i];
    const leaf = leaves.subarray(i * HASH_BYTES, (i + 1) * HASH_BYTES);
    if (entry === undefined || !equalBytes(hashLeaf(entry), leaf)) {
      throw new LedgerError('ledger_damaged', `entry ${i} of ${path} is not the one in the tree`);
    }
    sizeBytes += 2 + entry.length;
  }
  return bytes.slice(0, sizeBytes);
}

function missing(path: string): LedgerError {
  return new LedgerError('tile_missing', `${path} is missing`, {
    hint: 'The checkpoint covers it: restore the ledger directory from a copy.',
  });
}
