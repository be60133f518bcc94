import type { DatabaseSync } from 'node:sqlite';
import { ExporterError } from '../errors.ts';

/** The table of {@link VaultErasure}. */
export const ERASED_SCHEMA = `
  CREATE TABLE IF NOT EXISTS erased (reference TEXT PRIMARY KEY) WITHOUT ROWID;
`;

/** Sealed openings, in whichever form a vault keeps them; what is done to them is within a transaction. */
export interface ErasableOpenings {
  /** Takes the boxes of a scope away, of these entries at least. */
  remove(scope: string, indexes: readonly number[]): void;
  /** Takes openings of single entries out of the boxes they are in. */
  cutOut(indexes: readonly number[]): void;
  /** The transaction was undone. */
  forget?(): void;
}

/** Whether a wrapped key was overwritten: a sealed box never begins with zero. */
export function isDestroyed(wrapped: Uint8Array): boolean {
  return wrapped.every((byte) => byte === 0);
}

/**
 * Erases a subject from the vault. Every step can be done again; each is one transaction of its own, and secure_delete
 * overwrites what it takes away.
 */
export class VaultErasure {
  readonly #database: DatabaseSync;
  readonly #openings: readonly ErasableOpenings[];

  /** @param openings - all that the vault keeps, in whichever form */
  constructor(database: DatabaseSync, openings: readonly ErasableOpenings[]) {
    this.#database = database;
    this.#openings = openings;
  }

  /**
   * Destroys a subject's key and unlinks it: nobody can tell any more which names its references stood for, and nothing
   * is stored under them from now on.
   *
   * @param reference - `audit.actor.id`
   * @param sessions - further references to unlink, `audit.session.id`s
   * @returns all references that are unlinked now
   */
  destroyKey(reference: string, sessions: readonly string[] = []): string[] {
    return this.#transact(() => {
      const owned = this.#database
        .prepare('SELECT ref FROM refs WHERE subject = (SELECT id FROM subjects WHERE scope = ?)')
        .all(reference)
        .map((row) => String(row['ref']));
      const all = [...new Set([reference, ...owned, ...sessions])];
      const known = new Set(owned);
      this.#database
        .prepare('DELETE FROM refs WHERE subject = (SELECT id FROM subjects WHERE scope = ?)')
        .run(reference);
      // Of a session that another subject's record named first.
      const others = sessions.filter((session) => !known.has(session));
      if (others.length > 0) {
        this.#database
          .prepare('DELETE FROM refs WHERE ref IN (SELECT value FROM json_each(?))')
          .run(JSON.stringify(others));
      }
      this.#database
        .prepare('UPDATE subjects SET key = zeroblob(length(key)) WHERE scope = ?')
        .run(reference);
      const insert = this.#database.prepare('INSERT OR IGNORE INTO erased (reference) VALUES (?)');
      for (const one of all) insert.run(one);
      return all;
    });
  }

  /**
   * Takes the boxes of a subject away, which nobody can open any more.
   *
   * @param indexes - ledger indexes of its records
   */
  removeBoxes(reference: string, indexes: readonly number[]): void {
    this.#transact(() => {
      for (const openings of this.#openings) openings.remove(reference, indexes);
    });
  }

  /**
   * Takes openings of single entries out of the boxes they are in, the others in them stay. What is in no box is passed
   * over.
   *
   * @param indexes - ledger indexes
   */
  cutOut(indexes: readonly number[]): void {
    if (indexes.length === 0) return;
    this.#transact(() => {
      for (const openings of this.#openings) openings.cutOut(indexes);
    });
  }

  /**
   * Writes back the write-ahead log and cuts it off, so that what was taken away is in no file any more.
   *
   * @throws ExporterError `vault_busy` while somebody reads; to be tried again
   */
  settle(): void {
    const row = this.#database.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get();
    if (row?.['busy'] === 0) return;
    throw new ExporterError('service_busy', 'the vault is being read', { hint: 'It is tried again.' });
  }

  #transact<T>(run: () => T): T {
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      const result = run();
      this.#database.exec('COMMIT');
      return result;
    } catch (error) {
      for (const openings of this.#openings) openings.forget?.();
      this.#database.exec('ROLLBACK');
      throw error;
    }
  }
}
