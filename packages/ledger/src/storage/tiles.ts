import { resolve } from 'node:path';
import type { TileSource } from '../verify/tile.ts';
import { nodeFileSystem } from './file-system.ts';
import { isName } from './names.ts';
import { readableFiles } from './readable-files.ts';
import type { ReadableStorage } from './storage.ts';

/** The folder of a storage that holds the log itself. */
export const LOG_FOLDER = 'ledger';

/**
 * Reads a log from a directory in tlog-tiles layout.
 *
 * @param directory holds `checkpoint`, `tile/` and `checkpoints/`
 * @example
 * const report = await verifyLedger({ source: fileTiles('data/ledger'), vkey });
 */
export function fileTiles(directory: string): TileSource {
  return tilesIn(readableFiles(resolve(directory), nodeFileSystem), '');
}

/**
 * Reads the log of a storage that a ledger was opened on.
 *
 * @example
 * const storage = memoryStorage();
 * const ledger = await openLedger({ storage, signer, epochKeys });
 * const reader = new LedgerReader(storageTiles(storage));
 */
export function storageTiles(storage: ReadableStorage): TileSource {
  return tilesIn(storage, `${LOG_FOLDER}/`);
}

function tilesIn(storage: ReadableStorage, prefix: string): TileSource {
  return {
    async read(path) {
      const name = prefix + path;
      const bytes = isName(name) ? await storage.read(name) : undefined;
      // Not a Buffer, whose slice() shares memory where a Uint8Array's copies.
      return bytes && new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
    },
  };
}
