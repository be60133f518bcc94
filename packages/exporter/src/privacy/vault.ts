import type { KeyObject } from 'node:crypto';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { Openings } from '@spanledger/record';

import { isDamage } from '../sqlite-damage.ts';
import { ChunkedOpenings } from './chunked-openings.ts';
import { parseOwnOpenings } from './own-openings.ts';
import type { StoredReferences } from './references.ts';
import { type ScopeKey, ScopeKeys } from './scope-keys.ts';
import { type ScopeOpenings, SealedOpenings } from './sealed-openings.ts';
import { asInteger, damagedVault } from './vault-damage.ts';
import { hasTable, openVaultDatabase } from './vault-database.ts';
import { VaultErasure } from './vault-erasure.ts';

/** How a {@link Vault} is opened. */
export interface VaultOptions {
  /** `vault/vault.db`. */
  file: string;
  kek: KeyObject;
  /** Nothing is created or changed. */
  readOnly?: boolean;
}

/**
 * The vault keeps the opened groups, sealed, beside the ledger:
 *
 * - `subjects`: {@link ScopeKeys}.
 * - `boxes` and `places`: {@link SealedOpenings}; in `openings`, {@link ChunkedOpenings}, what earlier versions sealed.
 * - `refs`: blind key of a subject or session -> its reference, and whose it is.
 * - `erased`: references whose key was destroyed; nothing is stored under them any more.
 * - `progress`: the ledger index up to which everything is here, and the leaf hash of the entry before it, which binds
 *   the vault to its ledger.
 */
export class Vault implements StoredReferences {
  readonly #file: string;
  readonly #database: DatabaseSync;
  readonly #keys: ScopeKeys;
  readonly #selectReference: StatementSync;
  /** Undefined where the vault is read only, and from before there were such. */
  readonly #sealed: SealedOpenings | undefined;
  /** Undefined where the vault was never of an earlier version. */
  readonly #chunked: ChunkedOpenings | undefined;
  /** Undefined where the vault is read only, and from before anything could be erased. */
  readonly #selectErased: StatementSync | undefined;
  #erasure: VaultErasure | undefined;

  constructor({ file, kek, readOnly = false }: VaultOptions) {
    this.#file = file;
    const database = openVaultDatabase(file, readOnly);
    this.#database = database;
    this.#keys = new ScopeKeys(database, kek);
    this.#selectReference = database.prepare('SELECT ref FROM refs WHERE blind = ?');
    if (hasTable(database, 'boxes')) this.#sealed = new SealedOpenings(database, this.#keys);
    if (hasTable(database, 'openings')) this.#chunked = new ChunkedOpenings(database, this.#keys);
    if (hasTable(database, 'erased')) {
      this.#selectErased = database.prepare('SELECT 1 FROM erased WHERE reference = ?');
    }
  }

  /**
   * Reads the whole file and demands that it holds together.
   *
   * @throws ExporterError `vault_damaged`
   */
  demandSound(): void {
    const row = this.#read(() => this.#database.prepare('PRAGMA quick_check(1)').get());
    const found = row?.['quick_check'];
    if (found !== 'ok') throw damagedVault(this.#file, `is damaged: ${String(found)}`);
  }

  /** The ledger index up to which all openings are sealed here. */
  get sealedTo(): number {
    return asInteger(this.#database.prepare('SELECT sealed_to FROM progress').get()?.['sealed_to']);
  }

  /** The leaf hash, in hex, of the last entry before {@link Vault.sealedTo}; undefined if none was noted yet. */
  get sealedHash(): string | undefined {
    const hash = this.#database.prepare('SELECT sealed_hash FROM progress').get()?.['sealed_hash'];
    return typeof hash === 'string' ? hash : undefined;
  }

  reference(blind: Uint8Array): string | undefined {
    const ref = this.#read(() => this.#selectReference.get(blind))?.['ref'];
    return typeof ref === 'string' ? ref : undefined;
  }

  /** Begins a transaction. */
  begin(): void {
    this.#database.exec('BEGIN IMMEDIATE');
  }

  /**
   * Makes the transaction durable; all entries before `sealedTo` are in the vault from now on.
   *
   * @param sealedHash - the leaf hash, in hex, of the last of them
   */
  commit(sealedTo: number, sealedHash: string | undefined): void {
    this.#database
      .prepare('UPDATE progress SET sealed_to = ?, sealed_hash = ? WHERE sealed_to < ?')
      .run(sealedTo, sealedHash ?? null, sealedTo);
    this.#database.exec('COMMIT');
  }

  /** Undoes the transaction, if there is one. */
  rollback(): void {
    this.#sealed?.forget();
    if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
  }

  /** The key of a scope, drawn if there is none. */
  scopeKey(scope: string): ScopeKey {
    return this.#keys.take(scope);
  }

  /** Notes that a reference stands for a blind key, and whose it is. The first one that was noted stays. */
  putReference(blind: Uint8Array, reference: string, owner: number): void {
    this.#database
      .prepare('INSERT OR IGNORE INTO refs (blind, ref, subject) VALUES (?, ?, ?)')
      .run(blind, reference, owner);
  }

  /** Seals openings, within a transaction. */
  putOpenings(openings: Iterable<ScopeOpenings>): void {
    this.#sealed?.put(openings);
  }

  /**
   * Opens what is here of the entries `from` up to, not including, `to`. Boxes whose key is gone are left out.
   *
   * @throws ExporterError `vault_damaged`, `key_mismatch`
   */
  *openings(from: number, to: number): Generator<[index: number, openings: Openings]> {
    for (const [index, bytes] of this.openingBytes(from, to)) yield [index, parseOwnOpenings(bytes)];
  }

  /** What {@link Vault.openings} opens, as it was put in: JCS bytes. */
  openingBytes(from: number, to: number): Map<number, Uint8Array> {
    const found = new Map<number, Uint8Array>();
    if (to > from) {
      this.#read(() => {
        this.#atOnce(() => {
          this.#chunked?.read(from, to, found);
          this.#sealed?.read(from, to, found);
        });
      });
    }
    return found;
  }

  /** What erases from it; only where it was opened to be written. */
  get erasure(): VaultErasure {
    return (this.#erasure ??= new VaultErasure(
      this.#database,
      [this.#sealed, this.#chunked].filter((one) => one !== undefined),
    ));
  }

  /** Whether everything under a reference was erased. */
  isErased(reference: string): boolean {
    return this.#read(() => this.#selectErased?.get(reference)) !== undefined;
  }

  /** The references under which everything was erased. */
  erasedReferences(): string[] {
    return this.#database
      .prepare('SELECT reference FROM erased')
      .all()
      .map((row) => String(row['reference']));
  }

  close(): void {
    if (this.#database.isOpen) this.#database.close();
  }

  /** Reads in one transaction: what moves from one box to another meanwhile is not missed. */
  #atOnce(read: () => void): void {
    if (this.#database.isTransaction) {
      read();
      return;
    }
    this.#database.exec('BEGIN');
    try {
      read();
    } finally {
      this.#database.exec('COMMIT');
    }
  }

  /** What is damaged is told as that, whatever it is read for. */
  #read<T>(read: () => T): T {
    try {
      return read();
    } catch (error) {
      throw isDamage(error) ? damagedVault(this.#file, 'is damaged', error) : error;
    }
  }
}
