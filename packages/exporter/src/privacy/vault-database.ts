import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

import { ExporterError } from '../errors.ts';
import { CHUNKED_OPENINGS_SCHEMA } from './chunked-openings.ts';
import { BOXES_SCHEMA } from './sealed-openings.ts';
import { asInteger, damagedVault } from './vault-damage.ts';
import { ERASED_SCHEMA } from './vault-erasure.ts';

const SCHEMA_VERSION = 4;

/** The versions that a reader understands as they are. */
const OLDEST_READABLE = 1;

/** Bytes of a page of a new vault: with larger ones, and with smaller, more of it is left empty. */
const PAGE_BYTES = 8192;

/** Pages of the write-ahead log that are written back together: a segment of the journal, as a rule. */
const CHECKPOINT_PAGES = 8192;

/** How long readers and writers wait for one another: while the write-ahead log is cut off, readers have to. */
const BUSY_TIMEOUT_MS = 5000;

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS subjects (
    id INTEGER PRIMARY KEY,
    scope TEXT NOT NULL UNIQUE,
    key BLOB NOT NULL
  );
  CREATE TABLE IF NOT EXISTS refs (
    blind BLOB PRIMARY KEY,
    ref TEXT NOT NULL,
    subject INTEGER NOT NULL REFERENCES subjects (id)
  ) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS refs_of_subject ON refs (subject);
  CREATE INDEX IF NOT EXISTS refs_by_reference ON refs (ref);
  CREATE TABLE IF NOT EXISTS progress (
    one INTEGER PRIMARY KEY CHECK (one = 1), sealed_to INTEGER NOT NULL, sealed_hash TEXT
  );
  INSERT OR IGNORE INTO progress VALUES (1, 0, NULL);
  ${ERASED_SCHEMA}
  ${BOXES_SCHEMA}
`;

/** A new vault has no openings in chunks: that is how they were kept until version 3. */
const MIGRATIONS: readonly (string | undefined)[] = [
  SCHEMA,
  // Version 1 did not know which entry it had sealed last; version 2 not whose key was destroyed.
  `ALTER TABLE progress ADD COLUMN sealed_hash TEXT; ${CHUNKED_OPENINGS_SCHEMA} ${SCHEMA}`,
  `${CHUNKED_OPENINGS_SCHEMA} ${SCHEMA}`,
  `${CHUNKED_OPENINGS_SCHEMA} ${SCHEMA}`,
];

/**
 * Opens the database of a vault; one of an earlier version is brought to this one, unless it is only read.
 *
 * Durability: WAL with synchronous=FULL, so a committed transaction survives a power cut; secure_delete overwrites
 * what is deleted.
 *
 * @throws ExporterError `vault_damaged`
 */
export function openVaultDatabase(file: string, readOnly: boolean): DatabaseSync {
  try {
    if (!readOnly) mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    const database = new DatabaseSync(file, { readOnly, timeout: BUSY_TIMEOUT_MS });
    if (!readOnly) prepareFile(database);
    checkVersion(database, file, readOnly);
    return database;
  } catch (cause) {
    if (cause instanceof ExporterError) throw cause;
    throw damagedVault(file, 'cannot be opened as a vault', cause);
  }
}

/** Whether a vault has a table: one of an earlier version that is only read may lack those that came later. */
export function hasTable(database: DatabaseSync, name: string): boolean {
  const found = database.prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?").get(name);
  return found !== undefined;
}

function prepareFile(database: DatabaseSync): void {
  database.exec(`
    PRAGMA page_size = ${PAGE_BYTES}; PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES};
    PRAGMA synchronous = FULL; PRAGMA secure_delete = ON;
  `);
  const migration = MIGRATIONS[versionOf(database)];
  if (migration === undefined) return;
  database.exec(`BEGIN IMMEDIATE; ${migration} PRAGMA user_version = ${SCHEMA_VERSION}; COMMIT;`);
}

function checkVersion(database: DatabaseSync, file: string, readOnly: boolean): void {
  const version = versionOf(database);
  if (version === SCHEMA_VERSION || (readOnly && version >= OLDEST_READABLE && version < SCHEMA_VERSION)) {
    // Reads the schema, which the version alone does not.
    database.prepare('SELECT one FROM progress').get();
    return;
  }
  throw new ExporterError('vault_damaged', `${file} has schema version ${version}, not ${SCHEMA_VERSION}`, {
    hint: 'Use the version of the exporter that wrote it, or a later one.',
  });
}

function versionOf(database: DatabaseSync): number {
  return asInteger(database.prepare('PRAGMA user_version').get()?.['user_version']);
}
