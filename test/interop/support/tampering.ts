import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  encodeEntryBundle,
  entryBundlePath,
  formatCheckpoint,
  hashLeaf,
  hashTile,
  parseEntryBundle,
  parseSignedCheckpoint,
  TILE_WIDTH,
  tilePath,
  tileWidthAt,
} from '@spanledger/ledger/verify';
import type { NoteSigner } from '@spanledger/ledger';

/** A copy of a log that is tampered with. */
export interface TamperedLog {
  /** The folder with `checkpoint` and `tile/`. */
  directory: string;
  size: number;
  /** The log's own key. */
  signer: NoteSigner;
  /** The checkpoint that the log published before its last one. */
  earlier: string;
  /** A file with the log's last checkpoint, as somebody kept it. */
  keptPath: string;
}

/** Replaces a file by what becomes of its bytes. */
export async function editFile(
  { directory }: TamperedLog,
  path: string,
  change: (bytes: Buffer) => Uint8Array | string,
): Promise<void> {
  const file = join(directory, path);
  await writeFile(file, change(await readFile(file)));
}

/** Removes a file. */
export async function removeFile({ directory }: TamperedLog, path: string): Promise<void> {
  await rm(join(directory, path));
}

/** The path of the bundle that holds an entry. */
export function bundleOf({ size }: TamperedLog, index: number): string {
  const tile = Math.floor(index / TILE_WIDTH);
  return entryBundlePath(tile, tileWidthAt(size, 0, tile));
}

/** The path of the tile that holds a hash of a level. */
export function tileOf({ size }: TamperedLog, level: number, index: number): string {
  const tile = Math.floor(index / TILE_WIDTH);
  return tilePath(level, tile, tileWidthAt(size, level, tile));
}

/** Rewrites the entries of the bundle in which an entry is. */
export function editEntries(
  log: TamperedLog,
  index: number,
  change: (entries: Uint8Array[], slot: number) => Uint8Array[],
): Promise<void> {
  const tile = Math.floor(index / TILE_WIDTH);
  return editFile(log, bundleOf(log, index), (bytes) => {
    const entries = parseEntryBundle(bytes, tileWidthAt(log.size, 0, tile));
    if (!entries.ok) throw new TypeError(entries.detail);
    const changed = change(entries.value, index % TILE_WIDTH);
    return Buffer.concat([
      encodeEntryBundle(changed.slice(0, TILE_WIDTH)),
      encodeEntryBundle(changed.slice(TILE_WIDTH)),
    ]);
  });
}

/** The same bytes with a letter of the outcome changed: still a canonical record. */
export function alterEntry(entry: Uint8Array): Uint8Array {
  return Buffer.from(Buffer.from(entry).toString('latin1').replace('success', 'succeed'), 'latin1');
}

/** Flips a bit. */
export function flipBit(bytes: Buffer, at: number): Buffer {
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  return bytes;
}

/** Makes all tiles agree with the entries again, as whoever can write files can; the checkpoint stays. */
export async function rebuildTiles(log: TamperedLog): Promise<Uint8Array[]> {
  const { directory, size } = log;
  let hashes: Uint8Array[] = [];
  for (let tile = 0; tile * TILE_WIDTH < size; tile++) {
    const bytes = await readFile(join(directory, bundleOf(log, tile * TILE_WIDTH)));
    const entries = parseEntryBundle(bytes, tileWidthAt(size, 0, tile));
    if (!entries.ok) throw new TypeError(entries.detail);
    hashes.push(...entries.value.map(hashLeaf));
  }
  const leaves = hashes;
  for (let level = 0; hashes.length > 0; level++) {
    const above: Uint8Array[] = [];
    for (let at = 0; at < hashes.length; at += TILE_WIDTH) {
      const row = Buffer.concat(hashes.slice(at, at + TILE_WIDTH));
      await writeFile(join(directory, tileOf(log, level, at)), row);
      if (at + TILE_WIDTH <= hashes.length) above.push(hashTile(row));
    }
    hashes = above;
  }
  return leaves;
}

/** Rewrites the checkpoint's text, and leaves its signatures or signs it anew. */
export function editCheckpoint(
  log: TamperedLog,
  change: { origin?: string; size?: number; root?: Uint8Array },
  signer?: NoteSigner,
): Promise<void> {
  return editFile(log, 'checkpoint', (bytes) => {
    const note = bytes.toString();
    const signed = parseSignedCheckpoint(note);
    if (!signed.ok) throw new TypeError(signed.detail);
    const text = formatCheckpoint({ ...signed.value.checkpoint, ...change });
    return signer === undefined
      ? `${text}${note.slice(note.lastIndexOf('\n\n') + 1)}`
      : signer.signNote(text);
  });
}
