import { type KeyObject, randomBytes } from 'node:crypto';
import { basename, join } from 'node:path';
import type { EpochKeys, JournalReader } from '@spanledger/ledger';
import { KEY_BYTES, takeKey } from './kek.ts';
import { listDirectory, readKeyFile, removeKeyFile, writeKeyFile } from './key-files.ts';
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
      await writeKeyFile(fileOf(segment), seal(kek, epochPurpose(segment), key));
      return takeKey(key);
    },
    async open(segment) {
      const file = fileOf(segment);
      const box = await readKeyFile(file);
      return box === undefined ? undefined : takeKey(unwrapKey(box, epochPurpose(segment), kek, file));
    },
    destroy: (segment) => removeKeyFile(fileOf(segment)),
  };
}

/** What the epoch key of a segment is wrapped as. */
export function epochPurpose(segment: string): string {
  return `epoch ${segment}`;
}

/** Destroys epoch keys whose segments are gone: a crash came between the two. */
export async function destroyOrphanedKeys(
  directory: string,
  keys: Pick<EpochKeys, 'destroy'>,
  journal: Pick<JournalReader, 'segments'>,
): Promise<void> {
  const segments = new Set(journal.segments().map(({ name }) => name));
  const files = await listDirectory(directory);
  for (const file of files) {
    const segment = basename(file, '.key');
    if (file.endsWith('.key') && !segments.has(segment)) await keys.destroy(segment);
  }
}
