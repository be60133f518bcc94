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
    return parseKek(environmentKek, 'the environment variable SPANLEDGER_KEK');
  }
  const stored = await readKeyFile(file);
  if (stored !== undefined) return asKek(stored, file);
  if (!make) {
    throw new ExporterError('key_missing', `there is no key-encryption key at ${file}`, {
      hint: 'If the service is given its key by SPANLEDGER_KEK or SPANLEDGER_KEK_COMMAND, set the same variable here; else restore the file from a backup.',
    });
  }
  const drawn = randomBytes(KEY_BYTES);
  await writeKeyFile(file, drawn);
  return takeKey(drawn);
}

/** Draws a key-encryption key. */
export function drawKek(): KeyObject {
  return takeKey(randomBytes(KEY_BYTES));
}

/**
 * Takes a key-encryption key as the environment brings it.
 *
 * @param text - base64 of 32 bytes
 * @param place - where it comes from, for the message
 * @throws ExporterError `key_mismatch`
 */
export function parseKek(text: string, place: string): KeyObject {
  return asKek(Buffer.from(text, 'base64'), place);
}

/** A key object of bytes, which are overwritten: from then on the key is in its object alone. */
export function takeKey(bytes: Uint8Array): KeyObject {
  const key = createSecretKey(bytes);
  bytes.fill(0);
  return key;
}

function asKek(bytes: Buffer, place: string): KeyObject {
  if (bytes.length !== KEY_BYTES) {
    throw new ExporterError('key_mismatch', `the key-encryption key in ${place} has ${bytes.length} bytes`, {
      hint: `It must have ${KEY_BYTES}. Restore the file from a backup; a new key opens nothing that is there.`,
    });
  }
  return takeKey(bytes);
}
