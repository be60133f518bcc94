import { existsSync } from 'node:fs';
import { isJsonObject, type JsonObject } from '@spanledger/record';

import type { DataDirectory } from './data-directory.ts';
import { Outbox } from './outbox/index.ts';
import { createRowSealer } from './privacy/index.ts';
import { openRetentionDatabase, RETENTION_KIND, RetentionTable } from './retention/index.ts';

/** The most purges whose record may be on its way. */
const MAX_PENDING = 1000;

/** What is known of purged records. */
export interface PurgedRecords {
  /** The entries of a range that were purged, by ledger index. */
  purgedIn: (from: number, to: number) => ReadonlySet<number>;
  /** Just past the last record that was ever purged. */
  purgedTo: number;
  /** `audit.retention` of records of purges that the log does not have yet: sealed, so that nobody else wrote them. */
  pending: JsonObject[];
}

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
): PurgedRecords | undefined {
  if (!existsSync(file)) return undefined;
  const database = openRetentionDatabase({ file, key, readOnly: true });
  cleanup.defer(() => {
    database.close();
  });
  const table = new RetentionTable(database);
  const outbox = new Outbox(database, RETENTION_KIND, createRowSealer(key, 'retention'));
  return {
    purgedIn: (from, to) => table.purgedIn(from, to),
    purgedTo: table.purgedTo,
    pending: outbox.take(MAX_PENDING).flatMap(({ draft }) => {
      const audit = draft.clear['audit'];
      return isJsonObject(audit) && isJsonObject(audit['retention']) ? [audit['retention']] : [];
    }),
  };
}
