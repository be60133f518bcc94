import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FORMAT_VERIFIERS, type Format, type FormatVector } from './format-verifiers.ts';

const FOLDER = import.meta.dirname;

/** All formats of which there are vectors. */
export const FORMATS: readonly Format[] = [
  'bundle',
  'checkpoint',
  'consistency',
  'cosignature',
  'inclusion',
  'keys',
  'note',
];

/** A vector, and where it lies. */
export interface StoredVector<F extends Format = Format> {
  format: F;
  kind: 'valid' | 'invalid';
  name: string;
  vector: FormatVector<F>;
}

/** Reads all vectors of a format, as they lie there. */
export async function readFormatVectors<F extends Format>(format: F): Promise<StoredVector<F>[]> {
  const kinds = ['valid', 'invalid'] as const;
  const lists = kinds.map(async (kind) => {
    const files = (await readdir(join(FOLDER, kind, format))).toSorted();
    return await Promise.all(
      files.map(async (file): Promise<StoredVector<F>> => {
        const vector: FormatVector<F> = JSON.parse(await readFile(join(FOLDER, kind, format, file), 'utf8'));
        return { format, kind, name: file.replace('.json', ''), vector };
      }),
    );
  });
  return (await Promise.all(lists)).flat();
}

/** What the product says of a vector, sorted. */
export function findingsOf<F extends Format>({ format, vector }: StoredVector<F>): string[] {
  return [...new Set(FORMAT_VERIFIERS[format](vector.input))].toSorted();
}
