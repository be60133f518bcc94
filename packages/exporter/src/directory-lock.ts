import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { ExporterError } from './errors.ts';

/** Held by the one service that writes to a data directory. */
export interface DirectoryLock {
  release(): void;
}

/**
 * Locks a data directory. The lock is SQLite's on an empty database, which is the operating system's lock on a file:
 * it goes when its process goes, however that ends, and no pid that was given to another process can fool it.
 *
 * @param file - `state/service.lock`
 * @throws ExporterError `data_directory_locked`, `data_directory_unusable`
 */
export function lockDirectory(file: string): DirectoryLock {
  let database: DatabaseSync | undefined;
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    database = new DatabaseSync(file, { timeout: 0 });
    // In this mode the exclusive lock of the first write is kept until the connection closes.
    database.exec('PRAGMA journal_mode = MEMORY; PRAGMA locking_mode = EXCLUSIVE; PRAGMA user_version = 1;');
    const held = database;
    return {
      release() {
        held.close();
      },
    };
  } catch (cause) {
    database?.close();
    if (isBusy(cause)) {
      throw new ExporterError(
        'data_directory_locked',
        `another service writes to the data directory of ${file}`,
        {
          cause,
          hint: 'Stop it, or give this one a data directory of its own (--data, SPANLEDGER_DATA_DIRECTORY).',
        },
      );
    }
    throw new ExporterError('data_directory_unusable', `${file} cannot be written`, {
      cause,
      hint: 'Check the owner and permissions of the data directory and the space on its disk.',
    });
  }
}

/** SQLITE_BUSY is 5, with or without an extended code above the lowest byte. */
function isBusy(error: unknown): boolean {
  return (
    error instanceof Error &&
    'errcode' in error &&
    typeof error.errcode === 'number' &&
    (error.errcode & 0xff) === 5
  );
}
