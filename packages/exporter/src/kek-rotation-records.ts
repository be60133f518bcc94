import type { Ledger, LedgerReader } from '@spanledger/ledger';
import type { RecordDraft } from '@spanledger/record';
import type { Logger } from 'pino';

import type { DataDirectory } from './data-directory.ts';
import { kekRecord, kekRecordId } from './keys/index.ts';
import { findLoggedRecords } from './logged-records.ts';
import { finishedRotations, forgetRotation } from './privacy/index.ts';

/** What {@link recordKekRotations} works with. */
export interface KekRotationRecordsOptions {
  paths: DataDirectory;
  ledger: Pick<Ledger, 'published' | 'sizes'>;
  reader: Pick<LedgerReader, 'entries'>;
  /** Appends a record of the service's own; resolves once it is durable. */
  append: (draft: RecordDraft) => Promise<void>;
  log: Pick<Logger, 'error' | 'info'>;
}

/**
 * Makes a record of each change of the key-encryption key that has none: they are made while no service runs. What fails
 * is tried again at the next start.
 */
export async function recordKekRotations(options: KekRotationRecordsOptions): Promise<void> {
  const { paths, append, log } = options;
  try {
    for (const rotation of await finishedRotations(paths)) {
      const id = kekRecordId(rotation.id);
      const found = await findLoggedRecords(options, [id], rotation.size);
      if (!found.has(id)) await append(kekRecord(rotation));
      await forgetRotation(paths, rotation.id);
      log.info({ from: rotation.from, to: rotation.to }, 'the key-encryption key was changed');
    }
  } catch (error) {
    log.error(
      { err: error },
      'a change of the key-encryption key could not be recorded; the next start tries again',
    );
  }
}
