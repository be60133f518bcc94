import { type KeyObject, randomBytes } from 'node:crypto';
import { ExporterError } from '../errors.ts';
import { KEY_BYTES, takeKey } from './kek.ts';
import { readKeyFile, writeKeyFile } from './key-files.ts';
import { open, seal } from './sealed-box.ts';

/** What the key of the blind index is wrapped as. */
export const INDEX_PURPOSE = 'index';

/** What the key is wrapped as under which references are found again. */
export const REFERENCES_PURPOSE = 'references';

/**
 * Loads a key that lies wrapped under the key-encryption key in a file of its own.
 *
 * @param purpose - authenticated with the key, so that one file cannot stand in for another
 * @param make - draw a key and write the file if there is none
 * @throws ExporterError `key_missing`; `key_mismatch` where the key-encryption key is another one than it was
 */
export async function loadWrappedKey(
  file: string,
  purpose: string,
  kek: KeyObject,
  make: boolean,
): Promise<Buffer> {
  const box = await readKeyFile(file);
  if (box !== undefined) return unwrapKey(box, purpose, kek, file);
  if (!make) {
    throw new ExporterError('key_missing', `there is no key at ${file}`, {
      hint: 'The service makes it at its first start.',
    });
  }
  const drawn = randomBytes(KEY_BYTES);
  await writeKeyFile(file, seal(kek, purpose, drawn));
  return drawn;
}

/**
 * Unwraps a key.
 *
 * @param place - the file or table that it lies in, for the message
 * @throws ExporterError `key_mismatch`
 */
export function unwrapKey(box: Uint8Array, purpose: string, kek: KeyObject, place: string): Buffer {
  const key = open(kek, purpose, box);
  if (key !== undefined && key.length === KEY_BYTES) return key;
  throw new ExporterError('key_mismatch', `${place} does not open under this key-encryption key`, {
    hint: 'Use the key-encryption key that the data directory was made with or last rotated to (keys/kek, SPANLEDGER_KEK or SPANLEDGER_KEK_COMMAND).',
  });
}

/** Loads the key of the blind index. */
export function loadIndexKey(file: string, kek: KeyObject, make: boolean): Promise<Buffer> {
  return loadWrappedKey(file, INDEX_PURPOSE, kek, make);
}

/** Loads the key under which references are found again. */
export async function loadReferenceKey(file: string, kek: KeyObject, make: boolean): Promise<KeyObject> {
  return takeKey(await loadWrappedKey(file, REFERENCES_PURPOSE, kek, make));
}
