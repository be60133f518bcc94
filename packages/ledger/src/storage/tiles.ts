import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { TileSource } from '../verify/tile.ts';
import { isAbsent, nodeFileSystem } from './file-system.ts';
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
  const root = resolve(directory);
  const files = tilesIn(readableFiles(root, nodeFileSystem), '');
  return {
    read: async (path) => (HASH_TILE.test(path) ? readTile(join(root, path)) : await files.read(path)),
  };
}

/** A tile of hashes, as tlog-tiles names it. */
const HASH_TILE = /^tile\/\d{1,2}\/(?:x\d{3}\/)*\d{3}(?:\.p\/\d{1,3})?$/;

/**
 * Reads a tile with the thread blocked: it has 8 KiB at most, and a proof needs one or two that nobody asked for lately.
 * From the page cache that takes 20 µs, where each goes to a thread of node:fs and back four times otherwise.
 */
function readTile(path: string): Uint8Array | undefined {
  try {
    const bytes = readFileSync(path);
    return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
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
