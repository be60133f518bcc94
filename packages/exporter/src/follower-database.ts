import { mkdirSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { SQLOutputValue } from 'node:sqlite';

import type { BlindKey } from './blind-key.ts';
import { ExporterError } from './errors.ts';
import { isDamage } from './sqlite-damage.ts';
import { inTransaction } from './transaction.ts';

/** A database that a follower of the log keeps: it can be thrown away and built again from the log. */
export interface FollowerDatabaseOptions {
  /** Path of the database; its folder is created. */
  file: string;
  /** What it is called in messages, such as `search index`. */
  title: string;
  /** Raised whenever what is stored changes its meaning. */
  version: number;
  /** SQL that creates the tables. */
  schema: string;
  /** The key that what is stored was hidden under; with another key nothing would be found. */
  key: BlindKey;
  /** True to read what another process writes. */
  readOnly: boolean;
  /** The log that is followed, where it is known: what followed another log, or a longer one, is not used. */
  log?: FollowedLog;
}

/** What a follower has to be a follower of. */
export interface FollowedLog {
  origin: string;
  /** Published entries. */
  size: number;
}

const BUSY_TIMEOUT_MS = 5000;

/** Of each connection: what is not in it, the operating system has. */
const CACHE_KIB = 4_096;

const META_SCHEMA = 'CREATE TABLE meta (name TEXT PRIMARY KEY, value) WITHOUT ROWID;';

/**
 * Opens the database of a follower. To write: one that is of another version, under another key, of another log, further
 * than the log or damaged is thrown away and begins empty. To read: such a one is refused.
 *
 * @throws ExporterError `index_damaged` when it cannot be used
 */
export function openFollowerDatabase(options: FollowerDatabaseOptions): DatabaseSync {
  const { file, readOnly } = options;
  if (!readOnly) mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  try {
    const database = tryOpen(options);
    if (database !== undefined) return database;
  } catch (error) {
    if (readOnly || !isDamage(error)) throw unusable(options, error);
  }
  if (readOnly) throw unusable(options, undefined);
  for (const suffix of ['', '-wal', '-shm']) rmSync(file + suffix, { force: true });
  return create(options);
}

/** The position that a follower stored; 0 in the beginning. */
export function readPosition(database: DatabaseSync): number {
  return Number(readMeta(database, 'position') ?? 0);
}

/** Stores the position, within the transaction of what was taken in. */
export function writePosition(database: DatabaseSync, position: number): void {
  database.prepare("UPDATE meta SET value = ? WHERE name = 'position'").run(position);
}

/**
 * Writes a database anew, without what was deleted from it or overwritten, and cuts its write-ahead log off: then no
 * file holds that any more.
 *
 * @throws ExporterError `service_busy` while somebody reads; to be tried again
 */
export function settleDatabase(database: DatabaseSync): void {
  database.exec('VACUUM');
  cutWriteAheadLog(database);
}

/**
 * Writes back the write-ahead log of a database and cuts it off: what was overwritten is in no file any more.
 *
 * @throws ExporterError `service_busy` while somebody reads; to be tried again
 */
export function cutWriteAheadLog(database: DatabaseSync): void {
  if (database.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get()?.['busy'] === 0) return;
  throw new ExporterError('service_busy', 'a database is being read', { hint: 'It is tried again.' });
}

/** Notes something beside the position. */
export function writeMeta(database: DatabaseSync, name: string, value: number): void {
  database.prepare('INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)').run(name, value);
}

function tryOpen(options: FollowerDatabaseOptions): DatabaseSync | undefined {
  const database = connect(options);
  try {
    if (isUsable(database, options)) return database;
  } catch (error) {
    database.close();
    throw error;
  }
  database.close();
  return undefined;
}

function connect({ file, readOnly }: FollowerDatabaseOptions): DatabaseSync {
  const database = new DatabaseSync(file, { readOnly, timeout: BUSY_TIMEOUT_MS });
  try {
    if (!readOnly) {
      database.exec(
        'PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 4000',
      );
    }
    database.exec(`PRAGMA cache_size = -${CACHE_KIB}`);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

function create(options: FollowerDatabaseOptions): DatabaseSync {
  const database = connect(options);
  inTransaction(database, () => {
    database.exec(META_SCHEMA + options.schema);
    const insert = database.prepare('INSERT INTO meta (name, value) VALUES (?, ?)');
    insert.run('position', 0);
    insert.run('key_check', keyCheck(options));
    if (options.log !== undefined) insert.run('origin', options.log.origin);
    database.exec(`PRAGMA user_version = ${options.version}`);
  });
  return database;
}

function isUsable(database: DatabaseSync, options: FollowerDatabaseOptions): boolean {
  if (database.prepare('PRAGMA user_version').get()?.['user_version'] !== options.version) return false;
  if (readMeta(database, 'key_check') !== keyCheck(options)) return false;
  const { log } = options;
  return (
    log === undefined || (readMeta(database, 'origin') === log.origin && readPosition(database) <= log.size)
  );
}

/** What a follower noted beside its position. */
export function readMeta(database: DatabaseSync, name: string): SQLOutputValue | undefined {
  return database.prepare('SELECT value FROM meta WHERE name = ?').get(name)?.['value'];
}

function keyCheck({ key, title }: FollowerDatabaseOptions): string {
  return key.token('key check', title);
}

function unusable({ file, title }: FollowerDatabaseOptions, cause: unknown): ExporterError {
  const hint = `start the service, or delete ${dirname(file)} first: the ${title} is built again from the ledger`;
  return new ExporterError('index_damaged', `The ${title} ${file} cannot be read`, { cause, hint });
}
