import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { JsonObject } from '@spanledger/record';

/** A document with its proof, and the key that shall verify both. */
export interface Evidence {
  document: JsonObject;
  /** A tlog-proof. */
  proof: string;
  /** A signed-note verification key. */
  vkey: string;
}

/** One file of `valid/` or `invalid/`. */
export interface Vector extends Evidence {
  /** What was done, as a sentence. */
  about: string;
  /** The failure codes that a verifier reports, sorted; none for a valid one. */
  failures: string[];
}

/** Reads the documents of a folder, with their names; the folders in it are of other formats. */
export async function readDocumentVectors(
  kind: 'valid' | 'invalid',
): Promise<[name: string, vector: Vector][]> {
  const folder = join(import.meta.dirname, kind);
  const files = (await readdir(folder)).filter((file) => file.endsWith('.json'));
  return await Promise.all(
    files.map(async (file): Promise<[string, Vector]> => {
      const vector: Vector = JSON.parse(await readFile(join(folder, file), 'utf8'));
      return [file.replace('.json', ''), vector];
    }),
  );
}
