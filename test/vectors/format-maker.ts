import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FORMAT_ATTACKS } from './format-attacks.ts';
import { makeMaterial } from './format-material.ts';
import { findingsOf, FORMATS, type StoredVector } from './format-vectors.ts';
import type { Format } from './format-verifiers.ts';

const FOLDER = import.meta.dirname;

/** Writes the vectors of all formats. */
export async function writeFormatVectors(): Promise<void> {
  for (const format of FORMATS) await writeVectorsOf(format);
}

async function writeVectorsOf<F extends Format>(format: F): Promise<void> {
  const material = await makeMaterial();
  const sound = material.sound[format];
  await write({
    format,
    kind: 'valid',
    name: 'sound',
    vector: { about: 'As it is made.', input: sound, findings: [] },
  });
  for (const [name, { about, apply }] of Object.entries(FORMAT_ATTACKS[format])) {
    const stored: StoredVector<F> = {
      format,
      kind: 'invalid',
      name,
      vector: { about, input: apply(sound, material), findings: [] },
    };
    // What this verifier says today; a reviewer of a change sees it in the diff.
    await write({ ...stored, vector: { ...stored.vector, findings: findingsOf(stored) } });
  }
}

async function write({ format, kind, name, vector }: StoredVector): Promise<void> {
  const folder = join(FOLDER, kind, format);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, `${name}.json`), `${JSON.stringify(vector, null, 2)}\n`);
}
