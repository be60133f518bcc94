// A part of what a verification in Node has to do, as the measure of what is left to win: hashes every entry of a log's full bundles and compares it with the
// tile above, in one thread or in two, and looks at nothing else. Start-up is that of Node and of this file.
import { hash } from 'node:crypto';
import { closeSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { isMainThread, Worker, workerData } from 'node:worker_threads';

const TILE_WIDTH = 256;
const HASH_BYTES = 32;

/** What a thread hashes: every `step`th bundle of those before `end`, from `first` on. */
interface Share {
  tiles: string;
  first: number;
  end: number;
  step: number;
}

function readInto(path: string, room: Buffer): number {
  const file = openSync(path, 'r');
  try {
    return readSync(file, room, 0, room.length, 0);
  } finally {
    closeSync(file);
  }
}

/** As tlog-tiles names the first million of a level. Nothing is imported for it: what is loaded takes time as well. */
function nameOf(index: number): string {
  const low = String(index % 1000).padStart(3, '0');
  return index < 1000 ? low : `x${String(Math.floor(index / 1000)).padStart(3, '0')}/${low}`;
}

function hashShare({ tiles, first, end, step }: Share): void {
  const bundle = Buffer.alloc(1 << 20);
  const row = Buffer.alloc(TILE_WIDTH * HASH_BYTES);
  for (let index = first; index < end; index += step) {
    readInto(join(tiles, 'entries', nameOf(index)), bundle);
    readInto(join(tiles, '0', nameOf(index)), row);
    for (let slot = 0, at = 0; slot < TILE_WIDTH; slot++) {
      const length = bundle.readUInt16BE(at);
      // The leaf's prefix, in place of the length's second byte.
      bundle[at + 1] = 0;
      // As a string of bytes, which costs half of what a buffer does.
      const leaf = hash('sha256', bundle.subarray(at + 1, at + 2 + length), 'binary');
      if (leaf !== row.toString('binary', slot * HASH_BYTES, (slot + 1) * HASH_BYTES))
        throw new Error(`${index}`);
      at += 2 + length;
    }
  }
}

if (isMainThread) {
  const [ledger = '', size = '0', threads = '1'] = process.argv.slice(2);
  const tiles = join(ledger, 'tile');
  const end = Math.floor(Number(size) / TILE_WIDTH);
  const step = Number(threads);
  const startWorker = (first: number): Worker =>
    new Worker(new URL(import.meta.url), { workerData: { tiles, first, end, step } });
  for (let first = 1; first < step; first++) startWorker(first);
  hashShare({ tiles, first: 0, end, step });
} else {
  const share: Share = workerData;
  hashShare(share);
}
