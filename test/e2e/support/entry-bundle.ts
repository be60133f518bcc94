import { readFile, writeFile } from 'node:fs/promises';

/** Splits an entry bundle (tlog-tiles: big-endian uint16 length, bytes) without any of the product's own code. */
export function splitBundle(bundle: Uint8Array): Buffer[] {
  const bytes = Buffer.from(bundle);
  const entries: Buffer[] = [];
  for (let offset = 0; offset < bytes.length;) {
    const end = offset + 2 + bytes.readUInt16BE(offset);
    entries.push(bytes.subarray(offset + 2, end));
    offset = end;
  }
  return entries;
}

/** Joins entries into a bundle; the inverse of {@link splitBundle}. */
export function joinBundle(entries: Uint8Array[]): Buffer {
  return Buffer.concat(
    entries.flatMap((entry) => {
      const length = Buffer.alloc(2);
      length.writeUInt16BE(entry.length);
      return [length, entry];
    }),
  );
}

/** Rewrites the entries of a bundle file in place. */
export async function rewriteBundle(
  path: string,
  rewrite: (entries: Buffer[]) => Uint8Array[],
): Promise<void> {
  await writeFile(path, joinBundle(rewrite(splitBundle(await readFile(path)))));
}
