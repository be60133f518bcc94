import { createSecretKey, type KeyObject, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { EpochKeys } from '@spanledger/ledger';
import { KEY_BYTES } from './kek.ts';
import { readKeyFile, removeKeyFile, writeKeyFile } from './key-files.ts';
import { seal } from './sealed-box.ts';
import { unwrapKey } from './wrapped-key.ts';

/**
 * Keeps the epoch keys of the journal, each wrapped under the key-encryption key in a file of its own. A key is
 * durable before it is handed out, so that nothing is ever sealed under a key that a power cut takes away; once it is
 * destroyed, the openings of its segment are gone wherever copies of the segment may lie.
 *
 * @param directory - `keys/epochs`
 */
export function fileEpochKeys(directory: string, kek: KeyObject): EpochKeys {
  const fileOf = (segment: string): string => join(directory, `${segment}.key`);
  return {
    async create(segment) {
      const key = randomBytes(KEY_BYTES);
      await writeKeyFile(fileOf(segment), seal(kek, purposeOf(segment), key));
      return createSecretKey(key);
    },
    async open(segment) {
      const file = fileOf(segment);
      const box = await readKeyFile(file);
      return box === undefined ? undefined : createSecretKey(unwrapKey(box, purposeOf(segment), kek, file));
    },
    destroy: (segment) => removeKeyFile(fileOf(segment)),
  };
}

function purposeOf(segment: string): string {
  return `epoch ${segment}`;
}
