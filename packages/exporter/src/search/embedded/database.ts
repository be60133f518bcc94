import { mkdirSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

import type { BlindKey } from '../../blind-key.ts';
import { ExporterError } from '../../errors.ts';
import { TOKEN_CHARACTERS } from './tokens.ts';

/** Raised whenever the tokens of a document change; an index of another version is rebuilt. */
const INDEX_VERSION = 1;

const BUSY_TIMEOUT_MS = 5000;

const SCHEMA = `
  CREATE TABLE meta (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
  CREATE TABLE time_blocks (block INTEGER PRIMARY KEY, first_ms INTEGER NOT NULL, last_ms INTEGER NOT NULL);
  CREATE VIRTUAL TABLE postings USING fts5(
    tokens, content='', detail=none, contentless_delete=1, tokenize="ascii tokenchars '${TOKEN_CHARACTERS}'"
  );
`;

/**
 * Opens an index for writing. One of another version, under another key, or damaged, is thrown away: the log has
 * everything to build it again.
 *
 * @param file - path of the database; its folder is created
 */
export function openIndexDatabase(file: string, key: BlindKey): DatabaseSync {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  try {
    const database = open(file, false);
    if (isUsable(database, key)) return database;
    database.close();
  } catch (error) {
    if (!isDamage(error)) throw unusable(file, error);
  }
  for (const suffix of ['', '-wal', '-shm']) rmSync(file + suffix, { force: true });
  const database = open(file, false);
  create(database, key);
  return database;
}

/**
 * Opens an index to read what a service wrote, or is writing.
 *
 * @throws ExporterError `index_damaged` when it cannot be used
 */
export function openIndexDatabaseReadOnly(file: string, key: BlindKey): DatabaseSync {
  try {
    const database = open(file, true);
    if (isUsable(database, key)) return database;
    database.close();
  } catch (error) {
    throw unusable(file, error);
  }
  throw unusable(file, undefined);
}

function open(file: string, readOnly: boolean): DatabaseSync {
  const database = new DatabaseSync(file, { readOnly, timeout: BUSY_TIMEOUT_MS });
  if (!readOnly) {
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 4000');
  }
  database.exec('PRAGMA cache_size = -16384');
  return database;
}

function create(database: DatabaseSync, key: BlindKey): void {
  database.exec('BEGIN IMMEDIATE');
  database.exec(SCHEMA);
  const insert = database.prepare('INSERT INTO meta (name, value) VALUES (?, ?)');
  insert.run('position', 0);
  insert.run('key_check', keyCheck(key));
  database.exec(`PRAGMA user_version = ${INDEX_VERSION}; COMMIT`);
}

function isUsable(database: DatabaseSync, key: BlindKey): boolean {
  const version = database.prepare('PRAGMA user_version').get()?.['user_version'];
  if (version !== INDEX_VERSION) return false;
  return (
    database.prepare("SELECT value FROM meta WHERE name = 'key_check'").get()?.['value'] === keyCheck(key)
  );
}

function keyCheck(key: BlindKey): string {
  return key.token('key check', 'search index');
}

function isDamage(error: unknown): boolean {
  const code = error instanceof Error && 'errcode' in error ? error.errcode : undefined;
  return code === 11 || code === 26;
}

function unusable(file: string, cause: unknown): ExporterError {
  const hint = 'delete the folder that holds it and run the service: it is built again from the ledger';
  return new ExporterError('index_damaged', `The search index ${file} cannot be read`, { cause, hint });
}
