import type { KeyObject } from 'node:crypto';
import { fileTiles, LedgerReader } from '@spanledger/ledger';
import type { Closers } from '../closers.ts';
import { type DataDirectory, dataDirectory } from '../data-directory.ts';
import { type FollowedRecords, followedRecords } from '../followed-records.ts';
import type { FollowedLog } from '../follower-database.ts';
import { loadIndexKey, loadKek, openStoredOpenings, type StoredOpenings } from '../privacy/index.ts';
import type { FollowerThreadData } from './messages.ts';

/** What several followers read one after the other: twice what one of them takes in at once, as records commonly are. */
const BUNDLE_CACHE_BYTES = 8 * 1024 * 1024;

/** What a thread reads the log with. */
export interface LogAccess {
  paths: DataDirectory;
  kek: KeyObject;
  /** 32 bytes: the key of the blind index. */
  key: Uint8Array;
  openings: StoredOpenings;
  records: FollowedRecords;
  reader: LedgerReader;
  /** The log, as it was published when the thread began. */
  log: FollowedLog;
}

/**
 * Opens ledger and openings of a data directory, which the service serves, for a thread beside it.
 *
 * @throws ExporterError `key_missing`, `key_mismatch`, `vault_damaged`
 */
export async function openLogAccess(
  { dataDirectory: root, environmentKek }: FollowerThreadData,
  closers: Closers,
): Promise<LogAccess> {
  const paths = dataDirectory(root);
  const kek = await loadKek(paths.kekFile, environmentKek, false);
  const key = await loadIndexKey(paths.indexKeyFile, kek, false);
  const openings = await openStoredOpenings(paths, environmentKek);
  closers.add(() => {
    openings.close();
  });
  const reader = new LedgerReader(fileTiles(paths.ledger), { cacheBytes: BUNDLE_CACHE_BYTES });
  const log = await reader.checkpoint();
  return { paths, kek, key, openings, records: followedRecords(openings), reader, log };
}
