import { existsSync } from 'node:fs';

import type { DataDirectory } from './data-directory.ts';
import { openRetentionDatabase, RetentionTable } from './retention/index.ts';

/**
 * Opens what is known of purged records, to be closed by `cleanup`.
 *
 * @param key - 32 bytes: the key of the blind index
 * @returns undefined where nothing ever was purged
 * @throws ExporterError `index_damaged`
 */
export function openPurgedRecords(
  { retentionFile: file }: DataDirectory,
  key: Uint8Array,
  cleanup: AsyncDisposableStack,
): RetentionTable | undefined {
  if (!existsSync(file)) return undefined;
  const database = openRetentionDatabase({ file, key, readOnly: true });
  cleanup.defer(() => {
    database.close();
  });
  return new RetentionTable(database);
}
