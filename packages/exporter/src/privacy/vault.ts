import { createSecretKey, type KeyObject, randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import type { Openings } from '@spanledger/record';
import { ExporterError } from '../errors.ts';
import { KEY_BYTES } from './kek.ts';
import { parseOwnOpenings } from './own-openings.ts';
import { ERASED_SCHEMA, isDestroyed, VaultErasure } from './vault-erasure.ts';
import { open, seal } from './sealed-box.ts';
import type { StoredReferences } from './references.ts';
import { isDamage } from '../sqlite-damage.ts';
import { unwrapKey } from './wrapped-key.ts';

/** Entries whose openings of one subject share a box: as wide as a tile, and one byte names an entry in it. */
export const CHUNK_ENTRIES = 256;

const SCHEMA_VERSION = 3;
const LENGTH_BYTES = 4;

/** Bytes of a page of a new vault: a box of a few entries fits into its row, with no page of its own. */
const PAGE_BYTES = 16_384;

/** Pages of the write-ahead log that are written back together: a segment of the journal, as a rule. */
const CHECKPOINT_PAGES = 4096;

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS subjects (
    id INTEGER PRIMARY KEY,
    scope TEXT NOT NULL UNIQUE,
    key BLOB NOT NULL
  );
  CREATE TABLE IF NOT EXISTS openings (
    chunk INTEGER NOT NULL,
    subject INTEGER NOT NULL REFERENCES subjects (id),
    first INTEGER NOT NULL,
    places BLOB NOT NULL,
    box BLOB NOT NULL,
    PRIMARY KEY (chunk, subject, first)
  ) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS refs (
    blind BLOB PRIMARY KEY,
    ref TEXT NOT NULL,
    subject INTEGER NOT NULL REFERENCES subjects (id)
  ) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS refs_of_subject ON refs (subject);
  CREATE TABLE IF NOT EXISTS progress (
    one INTEGER PRIMARY KEY CHECK (one = 1), sealed_to INTEGER NOT NULL, sealed_hash TEXT
  );
  INSERT OR IGNORE INTO progress VALUES (1, 0, NULL);
  ${ERASED_SCHEMA}
`;

/** Version 1 did not know which entry it had sealed last; version 2 not whose key was destroyed. */
const MIGRATIONS: readonly (string | undefined)[] = [
  SCHEMA,
  `ALTER TABLE progress ADD COLUMN sealed_hash TEXT; ${ERASED_SCHEMA}`,
  ERASED_SCHEMA,
];

/** A key of a subject, and the row it stands in. */
export interface SubjectKey {
  id: number;
  key: KeyObject;
}

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
 * - `subjects`: a random key for each scope, wrapped under the key-encryption key. A scope is a subject's reference,
 *   or, for records of no subject, a service's reference and a day. Without its key a scope's openings are gone.
 * - `openings`: boxes (AES-256-GCM) of the openings of one scope within {@link CHUNK_ENTRIES} entries. `places` says in
 *   the clear which of these entries are in the box, a byte each.
 * - `refs`: blind key of a subject or session -> its reference, and whose it is.
 * - `erased`: references whose key was destroyed; nothing is stored under them any more.
 * - `progress`: the ledger index up to which everything is here, and the leaf hash of the entry before it, which binds
 *   the vault to its ledger.
 *
 * Durability: WAL with synchronous=FULL, so a committed transaction survives a power cut; secure_delete overwrites
 * what is deleted.
 */
export class Vault implements StoredReferences {
  readonly #file: string;
  readonly #database: DatabaseSync;
  readonly #kek: KeyObject;
  readonly #selectReference: StatementSync;
  readonly #selectOpenings: StatementSync;
  readonly #selectSubject: StatementSync;
  readonly #selectKey: StatementSync;
  readonly #insertOpenings: StatementSync;
  /** Undefined where the vault is read only, and from before anything could be erased. */
  readonly #selectErased: StatementSync | undefined;
  #erasure: VaultErasure | undefined;

  constructor(options: VaultOptions) {
    const readOnly = options.readOnly ?? false;
    this.#kek = options.kek;
    this.#file = options.file;
    try {
      if (!readOnly) mkdirSync(dirname(options.file), { recursive: true, mode: 0o700 });
      this.#database = new DatabaseSync(options.file, { readOnly });
      if (!readOnly) this.#prepareFile();
      this.#checkVersion(options.file, readOnly);
    } catch (cause) {
      if (cause instanceof ExporterError) throw cause;
      throw damaged(options.file, 'cannot be opened as a vault', cause);
    }
    this.#selectReference = this.#database.prepare('SELECT ref FROM refs WHERE blind = ?');
    this.#selectOpenings = this.#database.prepare(
      'SELECT chunk, subject, first, places, box FROM openings WHERE chunk BETWEEN ? AND ?',
    );
    this.#selectSubject = this.#database.prepare('SELECT id, key FROM subjects WHERE scope = ?');
    this.#selectKey = this.#database.prepare('SELECT scope, key FROM subjects WHERE id = ?');
    this.#insertOpenings = this.#database.prepare(
      'INSERT OR REPLACE INTO openings (chunk, subject, first, places, box) VALUES (?, ?, ?, ?, ?)',
    );
    const hasErased = this.#database.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'erased'").get();
    this.#selectErased =
      hasErased === undefined
        ? undefined
        : this.#database.prepare('SELECT 1 FROM erased WHERE reference = ?');
  }

  /**
   * Reads the whole file and demands that it holds together.
   *
   * @throws ExporterError `vault_damaged`
   */
  demandSound(): void {
    const row = this.#read(() => this.#database.prepare('PRAGMA quick_check(1)').get());
    const found = row?.['quick_check'];
    if (found !== 'ok') throw damaged(this.#file, `is damaged: ${String(found)}`);
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
    if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
  }

  /** The key of a scope, drawn if there is none. */
  subjectKey(scope: string): SubjectKey {
    const row = this.#selectSubject.get(scope);
    if (row !== undefined) {
      return { id: asInteger(row['id']), key: this.#unwrap(asBytes(row['key']), scope) };
    }
    const key = randomBytes(KEY_BYTES);
    const { lastInsertRowid } = this.#database
      .prepare('INSERT INTO subjects (scope, key) VALUES (?, ?)')
      .run(scope, seal(this.#kek, purposeOfKey(scope), key));
    return { id: Number(lastInsertRowid), key: createSecretKey(key) };
  }

  /** Notes that a reference stands for a blind key, and whose it is. The first one that was noted stays. */
  putReference(blind: Uint8Array, reference: string, owner: number): void {
    this.#database
      .prepare('INSERT OR IGNORE INTO refs (blind, ref, subject) VALUES (?, ?, ?)')
      .run(blind, reference, owner);
  }

  /**
   * Seals openings of one scope.
   *
   * @param entries - ledger index and JCS bytes of the openings, ascending, all within one chunk
   */
  putOpenings(owner: SubjectKey, entries: readonly [index: number, openings: Uint8Array][]): void {
    const first = entries[0]?.[0];
    if (first === undefined) return;
    const chunk = chunkOf(first);
    const places = Uint8Array.from(entries, ([index]) => index % CHUNK_ENTRIES);
    const box = seal(owner.key, purposeOfBox(chunk, owner.id, first), joinOpenings(entries));
    this.#insertOpenings.run(chunk, owner.id, first, places, box);
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
  *openingBytes(from: number, to: number): Generator<[index: number, bytes: Uint8Array]> {
    try {
      if (to > from) yield* this.#openingBytes(from, to);
    } catch (error) {
      throw this.#named(error);
    }
  }

  *#openingBytes(from: number, to: number): Generator<[index: number, bytes: Uint8Array]> {
    // For as long as this takes: a key that is destroyed must not be kept.
    const keys = new Map<number, KeyObject | undefined>();
    for (const row of this.#selectOpenings.iterate(chunkOf(from), chunkOf(to - 1))) {
      const chunk = asInteger(row['chunk']);
      const indexes = Array.from(asBytes(row['places']), (place) => chunk * CHUNK_ENTRIES + place);
      if (!indexes.some((index) => index >= from && index < to)) continue;
      const subject = asInteger(row['subject']);
      if (!keys.has(subject)) keys.set(subject, this.#keyOf(subject));
      const key = keys.get(subject);
      if (key === undefined) continue;
      const first = asInteger(row['first']);
      const joined = open(key, purposeOfBox(chunk, subject, first), asBytes(row['box']));
      if (joined === undefined) throw unopened(first);
      const list = splitParts(joined);
      for (const [i, index] of indexes.entries()) {
        const opened = list[i];
        if (index >= from && index < to && opened !== undefined) yield [index, opened];
      }
    }
  }

  /** What erases from it; only where it was opened to be written. */
  get erasure(): VaultErasure {
    return (this.#erasure ??= new VaultErasure(this.#database));
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

  /**
   * Takes openings of single entries out of the boxes they are in, the others in them stay. What is in no box is passed
   * over.
   *
   * @param indexes - ledger indexes, ascending
   */
  cutOut(indexes: readonly number[]): void {
    for (const index of indexes) {
      const chunk = chunkOf(index);
      for (const row of this.#selectOpenings.all(chunk, chunk)) {
        const places = [...asBytes(row['places'])];
        const at = places.indexOf(index % CHUNK_ENTRIES);
        if (at === -1) continue;
        this.#sealWithout(chunk, row, places, at);
      }
    }
  }

  #sealWithout(chunk: number, row: Record<string, unknown>, places: number[], at: number): void {
    const [subject, first] = [asInteger(row['subject']), asInteger(row['first'])];
    const owner = this.#selectKey.get(subject);
    if (owner === undefined || isDestroyed(asBytes(owner['key']))) return;
    const key = this.#unwrap(asBytes(owner['key']), String(owner['scope']));
    const bytes = open(key, purposeOfBox(chunk, subject, first), asBytes(row['box']));
    if (bytes === undefined)
      throw damaged(this.#file, `has a box that does not open (entries from ${first})`);
    const parts = splitParts(bytes);
    this.#database
      .prepare('DELETE FROM openings WHERE chunk = ? AND subject = ? AND first = ?')
      .run(chunk, subject, first);
    const left = places.flatMap((place, i): [number, Uint8Array][] => {
      const part = parts[i];
      return i === at || part === undefined ? [] : [[chunk * CHUNK_ENTRIES + place, part]];
    });
    this.putOpenings({ id: subject, key }, left);
  }

  close(): void {
    if (this.#database.isOpen) this.#database.close();
  }

  /** What is damaged is told as that, whatever it is read for. */
  #read<T>(read: () => T): T {
    try {
      return read();
    } catch (error) {
      throw this.#named(error);
    }
  }

  #named(error: unknown): unknown {
    return isDamage(error) ? damaged(this.#file, 'is damaged', error) : error;
  }

  #keyOf(subject: number): KeyObject | undefined {
    const row = this.#selectKey.get(subject);
    if (row === undefined || isDestroyed(asBytes(row['key']))) return undefined;
    return this.#unwrap(asBytes(row['key']), String(row['scope']));
  }

  #unwrap(box: Uint8Array, scope: string): KeyObject {
    return createSecretKey(unwrapKey(box, purposeOfKey(scope), this.#kek, 'the vault'));
  }

  #prepareFile(): void {
    this.#database.exec(`
      PRAGMA page_size = ${PAGE_BYTES}; PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES};
      PRAGMA synchronous = FULL; PRAGMA secure_delete = ON; PRAGMA busy_timeout = 5000;
    `);
    const version = asInteger(this.#database.prepare('PRAGMA user_version').get()?.['user_version']);
    const migration = MIGRATIONS[version];
    if (migration === undefined) return;
    this.#database.exec(`BEGIN IMMEDIATE; ${migration} PRAGMA user_version = ${SCHEMA_VERSION}; COMMIT;`);
  }

  #checkVersion(file: string, readOnly: boolean): void {
    const version = asInteger(this.#database.prepare('PRAGMA user_version').get()?.['user_version']);
    // What a reader needs has not changed.
    if (version === SCHEMA_VERSION || (readOnly && version >= 1 && version < SCHEMA_VERSION)) {
      // Reads the schema, which the version alone does not.
      this.#database.prepare('SELECT one FROM progress').get();
      return;
    }
    throw new ExporterError('vault_damaged', `${file} has schema version ${version}, not ${SCHEMA_VERSION}`, {
      hint: 'Use the version of the exporter that wrote it, or a later one.',
    });
  }
}

function damaged(file: string, what: string, cause?: unknown): ExporterError {
  return new ExporterError('vault_damaged', `${file} ${what}`, {
    cause,
    hint: 'Restore it from a backup. The ledger stays provable without it.',
  });
}

/** The chunk that an entry is in. */
export function chunkOf(index: number): number {
  return Math.floor(index / CHUNK_ENTRIES);
}

function purposeOfKey(scope: string): string {
  return `subject ${scope}`;
}

function purposeOfBox(chunk: number, subject: number, first: number): string {
  return `openings ${chunk} ${subject} ${first}`;
}

/** A box's content: each entry's openings as JCS bytes behind their length (uint32, little-endian). */
function joinOpenings(entries: readonly [index: number, openings: Uint8Array][]): Buffer {
  return Buffer.concat(
    entries.flatMap(([, bytes]) => {
      const length = Buffer.allocUnsafe(LENGTH_BYTES);
      length.writeUInt32LE(bytes.length);
      return [length, bytes];
    }),
  );
}

function splitParts(bytes: Buffer): Buffer[] {
  const list: Buffer[] = [];
  for (let at = 0; at + LENGTH_BYTES <= bytes.length;) {
    const start = at + LENGTH_BYTES;
    at = start + bytes.readUInt32LE(at);
    list.push(bytes.subarray(start, at));
  }
  return list;
}

function unopened(first: number): ExporterError {
  return new ExporterError('vault_damaged', `a box of the vault does not open (entries from ${first})`, {
    hint: 'Restore vault/vault.db from a backup. The ledger stays provable without it.',
  });
}

function asInteger(value: unknown): number {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return value;
  throw new ExporterError('vault_damaged', 'a number of the vault is none');
}

function asBytes(value: unknown): Uint8Array {
  if (value instanceof Uint8Array) return value;
  throw new ExporterError('vault_damaged', 'a key or box of the vault is none');
}
