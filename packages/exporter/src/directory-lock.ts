import { fileStorage, LedgerError, type WritableStorage } from '@spanledger/ledger';
import { ExporterError } from './errors.ts';

/**
 * Makes this process the only one that writes to a data directory, the ledger in it and all else.
 *
 * @returns what the ledger is opened on; it holds the lock until it is released
 * @throws ExporterError `data_directory_locked`, `data_directory_unusable`
 */
export async function lockDirectory(directory: string): Promise<WritableStorage> {
  try {
    return await fileStorage(directory).lock(`The data directory ${directory}`);
  } catch (cause) {
    if (cause instanceof LedgerError && cause.code === 'ledger_locked') {
      throw new ExporterError('data_directory_locked', cause.message, {
        cause,
        hint: 'Stop that service, or give this one a data directory of its own (--data, SPANLEDGER_DATA_DIRECTORY).',
      });
    }
    throw new ExporterError('data_directory_unusable', `${directory} cannot be written`, {
      cause,
      hint: 'Check the owner and permissions of the data directory and the space on its disk.',
    });
  }
}
