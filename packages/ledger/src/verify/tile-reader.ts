import { loadBundle } from './bundle-verifier.ts';
import type { LogFiles } from './log-files.ts';
import { HASH_BYTES, TILE_WIDTH, tilePath } from './tile.ts';
import { hashTile } from './tile-builder.ts';

/** What comes of reading a tile. */
export type TileRead =
  | { kind: 'found'; hashes: Uint8Array }
  | { kind: 'absent' }
  | { kind: 'malformed'; detail: string }
  | { kind: 'failed'; detail: string };

/**
 * Reads a tile in the width that it must have; of a partial one that is gone, the full one's beginning.
 *
 * @param width 1 to 256
 */
export async function readTile(
  files: LogFiles,
  level: number,
  index: number,
  width: number,
): Promise<TileRead> {
  const file = await files.read(tilePath(level, index, width));
  if (file.kind === 'failed') return file;
  if (file.kind === 'found') {
    const { length } = file.bytes;
    if (length === width * HASH_BYTES) return { kind: 'found', hashes: file.bytes };
    return { kind: 'malformed', detail: `has ${length} bytes instead of ${width * HASH_BYTES}` };
  }
  if (width === TILE_WIDTH) return file;
  const full = await files.read(tilePath(level, index));
  if (full.kind !== 'found' || full.bytes.length !== TILE_WIDTH * HASH_BYTES) return file;
  return { kind: 'found', hashes: full.bytes.subarray(0, width * HASH_BYTES) };
}

/**
 * What a tile's hashes must be by the files one level beneath it: the roots of tiles, or the hashes of entries.
 *
 * @returns undefined if one of these files is missing or malformed
 */
export async function hashBeneathTile(
  files: LogFiles,
  level: number,
  index: number,
  width: number,
): Promise<Uint8Array | undefined> {
  if (level === 0) return (await loadBundle(files, index, width)).row;
  const hashes = new Uint8Array(width * HASH_BYTES);
  for (let slot = 0; slot < width; slot++) {
    const tile = await readTile(files, level - 1, index * TILE_WIDTH + slot, TILE_WIDTH);
    if (tile.kind !== 'found') return undefined;
    hashes.set(hashTile(tile.hashes), slot * HASH_BYTES);
  }
  return hashes;
}
