import { join } from 'node:path';
import { nodeFiles, type Files } from './files.ts';
import type { TileSource } from './verify/tile.ts';

/** What a path of a log can be: names without dots at their start, so that it stays below the log's directory. */
const PATH_PATTERN = /^(?:[a-z0-9][a-z0-9.]*)(?:\/[a-z0-9][a-z0-9.]*)*$/;

/**
 * Reads a log from a directory in tlog-tiles layout.
 *
 * @param directory holds `checkpoint`, `tile/` and `checkpoints/`
 * @example
 * const report = await verifyLedger({ source: fileTiles('data/ledger'), vkey });
 */
export function fileTiles(directory: string): TileSource {
  return tilesIn(nodeFiles, directory);
}

/** {@link fileTiles}, by other means of reading files. */
export function tilesIn(files: Files, directory: string): TileSource {
  return {
    async read(path) {
      const bytes = PATH_PATTERN.test(path) ? await files.read(join(directory, path)) : undefined;
      // Not a Buffer, whose slice() shares memory where a Uint8Array's copies.
      return bytes && new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
    },
  };
}
