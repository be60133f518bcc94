import type { DatabaseSync } from 'node:sqlite';

/** Runs a function in one transaction: everything it wrote is kept, or nothing. */
export function inTransaction<Result>(database: DatabaseSync, run: () => Result): Result {
  database.exec('BEGIN IMMEDIATE');
  try {
    const result = run();
    database.exec('COMMIT');
    return result;
  } catch (error) {
    database.exec('ROLLBACK');
    throw error;
  }
}

/** The same, in a database that a power cut may take the last transactions from: this one is safe when it returns. */
export function inDurableTransaction<Result>(database: DatabaseSync, run: () => Result): Result {
  database.exec('PRAGMA synchronous = FULL');
  try {
    return inTransaction(database, run);
  } finally {
    database.exec('PRAGMA synchronous = NORMAL');
  }
}
