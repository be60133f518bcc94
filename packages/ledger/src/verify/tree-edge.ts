import { foldPeaks } from './compact-range.ts';
import { equalBytes } from './encoding.ts';
import { mixRows } from './row-mixtures.ts';
import type { LogFiles } from './log-files.ts';
import { hashCountAtLevel, TILE_WIDTH, tileWidthAt, type TileCoordinates } from './tile.ts';
import { subtreePeaks } from './tile-builder.ts';
import { hashBeneathTile, readTile } from './tile-reader.ts';
import { EMPTY_ROOT } from './tree.ts';

/** The most mixtures of all levels' rows that are tried; a tree has at most seven levels here. */
const MAX_MIXTURES = 1_024;

/** A partial tile of a tree's right edge. */
export interface EdgeTile extends TileCoordinates {
  /** Its hashes, as the tree's root proves them; absent if the root does not come out. */
  proven?: Uint8Array;
}

/** The right edge of a tree: its partial tiles, from which the root is computed. */
export interface Edge {
  /** The highest level first, which is from left to right. */
  tiles: EdgeTile[];
  /** Whether the root comes out, from the tiles or, for some of them, from what lies beneath. */
  isProven: boolean;
  /** Whether there is something to compute it from. */
  isComplete: boolean;
}

/**
 * Reads a tree's right edge and holds it against the root. Where the root does not come out, each tile is also
 * computed from what lies beneath it: if a mixture of the two gives the root, it tells exactly which tiles were
 * altered.
 *
 * @param size the tree's size
 * @param root the root that the checkpoint states
 */
export async function resolveEdge(files: LogFiles, size: number, root: Uint8Array): Promise<Edge> {
  const tiles: EdgeTile[] = [];
  for (let level = 0; hashCountAtLevel(size, level) > 0; level++) {
    const index = Math.floor(hashCountAtLevel(size, level) / TILE_WIDTH);
    const width = tileWidthAt(size, level, index);
    if (width > 0) tiles.unshift({ level, index, width });
  }
  const stored: (Uint8Array | undefined)[] = [];
  for (const { level, index, width } of tiles) {
    const tile = await readTile(files, level, index, width);
    stored.push(tile.kind === 'found' ? tile.hashes : undefined);
  }
  const asStored = pickMixture(
    stored.map((row) => mixRows(row, undefined)),
    root,
  );
  if (asStored !== undefined) return { tiles: withProof(tiles, asStored), isProven: true, isComplete: true };

  const candidates: Uint8Array[][] = [];
  for (const [i, { level, index, width }] of tiles.entries()) {
    candidates.push(mixRows(stored[i], await hashBeneathTile(files, level, index, width)));
  }
  const mixed = pickMixture(candidates, root);
  if (mixed !== undefined) return { tiles: withProof(tiles, mixed), isProven: true, isComplete: true };
  return { tiles, isProven: false, isComplete: candidates.every((rows) => rows.length > 0) };
}

function withProof(tiles: readonly EdgeTile[], rows: readonly Uint8Array[]): EdgeTile[] {
  return tiles.map((tile, i) => {
    const proven = rows[i];
    return proven === undefined ? tile : { ...tile, proven };
  });
}

/** One row of each level's candidates, such that all together have this root; undefined if there is none. */
function pickMixture(candidates: readonly Uint8Array[][], root: Uint8Array): Uint8Array[] | undefined {
  let mixtures: Uint8Array[][] = [[]];
  for (const rows of candidates) {
    // Past the bound, the first and the last (a tile as it is stored, or all of it as it follows) have to do.
    const isTooMuch = rows.length * mixtures.length > MAX_MIXTURES;
    const few = isTooMuch ? rows.filter((_, i) => i === 0 || i === rows.length - 1) : rows;
    mixtures = mixtures.flatMap((mixture) => few.map((row) => [...mixture, row]));
  }
  return mixtures.find((mixture) => equalBytes(foldPeaks(mixture.flatMap(subtreePeaks)) ?? EMPTY_ROOT, root));
}
