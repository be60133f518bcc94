import type { KeyObject } from 'node:crypto';
import { existsSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';

import { ExporterError } from '../errors.ts';
import { purposeOfKey } from './scope-keys.ts';
import { open, seal } from './sealed-box.ts';
import { asBytes, asInteger } from './vault-damage.ts';
import { hasTable, openVaultDatabase } from './vault-database.ts';
import { isDestroyed } from './vault-erasure.ts';
import { unwrapKey } from './wrapped-key.ts';
import { inTransaction } from '../transaction.ts';

/** Keys of one transaction. */
const BATCH_KEYS = 2000;

const SCHEMA = 'CREATE TABLE next_keys (subject INTEGER PRIMARY KEY, key BLOB NOT NULL)';

/**
 * The keys of a vault, wrapped a second time beside the first: in a table of their own, until they take their place in one
 * transaction. Until then nobody but this knows of them.
 */
export class RewrappedKeys implements Disposable {
  readonly #database: DatabaseSync;

  private constructor(database: DatabaseSync) {
    this.#database = database;
  }

  /** Undefined where there is no vault yet. @throws ExporterError `vault_damaged` */
  static open(file: string): RewrappedKeys | undefined {
    return existsSync(file) ? new RewrappedKeys(openVaultDatabase(file, false)) : undefined;
  }

  /** How many keys there are to be wrapped. */
  get count(): number {
    return asInteger(this.#database.prepare('SELECT count(*) AS keys FROM subjects').get()?.['keys']);
  }

  /**
   * Wraps every key, some after the other.
   *
   * @returns how many were looked at by then, each time
   * @throws ExporterError `key_mismatch` where `from` is another key than they lie under
   */
  *wrap(from: KeyObject, to: KeyObject): Generator<number> {
    this.discard();
    this.#database.exec(SCHEMA);
    const insert = this.#database.prepare('INSERT INTO next_keys (subject, key) VALUES (?, ?)');
    let done = 0;
    for (const rows of this.#batches('SELECT id, scope, key FROM subjects')) {
      inTransaction(this.#database, () => {
        for (const { id, scope, key } of rows) {
          if (isDestroyed(asBytes(key))) continue;
          const purpose = purposeOfKey(String(scope));
          const bytes = unwrapKey(asBytes(key), purpose, from, 'the vault');
          insert.run(asInteger(id), seal(to, purpose, bytes));
          bytes.fill(0);
        }
      });
      done += rows.length;
      yield done;
    }
  }

  /**
   * Opens every one of them again, and demands that none is missing.
   *
   * @throws ExporterError `vault_damaged`
   */
  *check(to: KeyObject): Generator<number> {
    let done = 0;
    const joined = `SELECT id, scope, s.key AS key, n.key AS next FROM subjects s LEFT JOIN next_keys n ON n.subject = s.id`;
    for (const rows of this.#batches(joined)) {
      for (const { scope, key, next } of rows) {
        if (isDestroyed(asBytes(key))) continue;
        const bytes = next instanceof Uint8Array ? open(to, purposeOfKey(String(scope)), next) : undefined;
        if (bytes === undefined)
          throw new ExporterError('vault_damaged', 'a key of the vault was not wrapped anew');
        bytes.fill(0);
      }
      done += rows.length;
      yield done;
    }
  }

  /** They take the place of the others, which are overwritten. Nothing happens where there are none. */
  install(): void {
    if (hasTable(this.#database, 'next_keys')) {
      inTransaction(this.#database, () => {
        this.#database.exec(`
          UPDATE subjects SET key = (SELECT key FROM next_keys WHERE subject = id)
          WHERE id IN (SELECT subject FROM next_keys);
          DROP TABLE next_keys;
        `);
      });
    }
    // The log of the database held the old ones.
    this.#database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  }

  /** They are given up. */
  discard(): void {
    this.#database.exec('DROP TABLE IF EXISTS next_keys; PRAGMA wal_checkpoint(TRUNCATE)');
  }

  [Symbol.dispose](): void {
    this.#database.close();
  }

  *#batches(select: string): Generator<Record<string, unknown>[]> {
    const statement = this.#database.prepare(`${select} WHERE id > ? ORDER BY id LIMIT ${BATCH_KEYS}`);
    let last = -1;
    for (;;) {
      const rows = statement.all(last);
      if (rows.length === 0) return;
      yield rows;
      last = asInteger(rows.at(-1)?.['id']);
    }
  }
}
