import { createSecretKey, type KeyObject, randomBytes } from 'node:crypto';
import { ExporterError } from '../errors.ts';
import { readKeyFile, writeKeyFile } from './key-files.ts';

/** Bytes of the key-encryption key and of every key that it wraps. */
export const KEY_BYTES = 32;

/**
 * Loads the key-encryption key, under which every other secret of a data directory lies wrapped.
 *
 * @param file - where it lies when the environment does not bring it
 * @param environmentKek - base64 of 32 bytes; then the file is neither read nor made
 * @param make - draw a key and write the file (0600) if there is none
 * @throws ExporterError `key_missing`, `key_mismatch`
 */
export async function loadKek(
  file: string,
  environmentKek: string | undefined,
  make: boolean,
): Promise<KeyObject> {
  if (environmentKek !== undefined) {
    return asKek(Buffer.from(environmentKek, 'base64'), 'the environment variable SPANLEDGER_KEK');
  }
  const stored = await readKeyFile(file);
  if (stored !== undefined) return asKek(stored, file);
  if (!make) {
    throw new ExporterError('key_missing', `there is no key-encryption key at ${file}`, {
      hint: 'If the service was given its key by SPANLEDGER_KEK, set the same variable here.',
    });
  }
  const drawn = randomBytes(KEY_BYTES);
  await writeKeyFile(file, drawn);
  return createSecretKey(drawn);
}

function asKek(bytes: Buffer, place: string): KeyObject {
  if (bytes.length !== KEY_BYTES) {
    throw new ExporterError('key_mismatch', `the key-encryption key in ${place} has ${bytes.length} bytes`, {
      hint: `It must have ${KEY_BYTES}. Restore the file from a backup; a new key opens nothing that is there.`,
    });
  }
  return createSecretKey(bytes);
}
