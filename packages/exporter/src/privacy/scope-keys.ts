import { type KeyObject, randomBytes } from 'node:crypto';
import type { DatabaseSync, StatementSync } from 'node:sqlite';

import { KEY_BYTES, takeKey } from './kek.ts';
import { seal } from './sealed-box.ts';
import { asBytes, asInteger } from './vault-damage.ts';
import { isDestroyed } from './vault-erasure.ts';
import { unwrapKey } from './wrapped-key.ts';

/** A key of a scope, and the row it stands in. */
export interface ScopeKey {
  id: number;
  key: KeyObject;
}

/**
 * The keys of a vault: a random one for each scope, wrapped under the key-encryption key. A scope is a subject's
 * reference, or, for records of no subject, a service's reference and a day. Without its key a scope's openings are gone.
 */
export class ScopeKeys {
  readonly #database: DatabaseSync;
  readonly #kek: KeyObject;
  readonly #selectScope: StatementSync;
  readonly #selectKey: StatementSync;

  constructor(database: DatabaseSync, kek: KeyObject) {
    this.#database = database;
    this.#kek = kek;
    this.#selectScope = database.prepare('SELECT id, key FROM subjects WHERE scope = ?');
    this.#selectKey = database.prepare('SELECT scope, key FROM subjects WHERE id = ?');
  }

  /** The key of a scope, drawn if there is none. @throws ExporterError `key_mismatch` */
  take(scope: string): ScopeKey {
    const row = this.#selectScope.get(scope);
    if (row !== undefined) {
      return { id: asInteger(row['id']), key: this.#unwrap(asBytes(row['key']), scope) };
    }
    const drawn = randomBytes(KEY_BYTES);
    const { lastInsertRowid } = this.#database
      .prepare('INSERT INTO subjects (scope, key) VALUES (?, ?)')
      .run(scope, seal(this.#kek, purposeOfKey(scope), drawn));
    return { id: Number(lastInsertRowid), key: takeKey(drawn) };
  }

  /** The key of a row; undefined where it was destroyed. @throws ExporterError `key_mismatch` */
  ofRow(id: number): KeyObject | undefined {
    const row = this.#selectKey.get(id);
    if (row === undefined || isDestroyed(asBytes(row['key']))) return undefined;
    return this.#unwrap(asBytes(row['key']), String(row['scope']));
  }

  #unwrap(box: Uint8Array, scope: string): KeyObject {
    return takeKey(unwrapKey(box, purposeOfKey(scope), this.#kek, 'the vault'));
  }
}

/** What the key of a scope is wrapped as. */
export function purposeOfKey(scope: string): string {
  return `subject ${scope}`;
}
