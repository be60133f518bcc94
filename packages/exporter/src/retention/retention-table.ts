import type { DatabaseSync } from 'node:sqlite';

import { createBlindKey } from '../blind-key.ts';
import { type FollowedLog, openFollowerDatabase } from '../follower-database.ts';
import { OUTBOX_SCHEMA } from '../outbox/index.ts';
import { Chunk, CHUNK_ENTRIES, chunkOf } from './chunk.ts';

/** Raised whenever what is stored changes its meaning. */
const VERSION = 2;

const SCHEMA = `
  CREATE TABLE chunks (
    chunk INTEGER PRIMARY KEY, kept INTEGER NOT NULL, due_ms INTEGER, held INTEGER NOT NULL DEFAULT 0,
    times BLOB NOT NULL, classes BLOB NOT NULL
  );
  CREATE INDEX chunks_due ON chunks (due_ms) WHERE due_ms IS NOT NULL;
  CREATE INDEX chunks_held ON chunks (chunk) WHERE held > 0;
  CREATE INDEX chunks_kept ON chunks (chunk) WHERE kept > 0;
  CREATE TABLE settings (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
  CREATE TABLE under_way (record_index INTEGER PRIMARY KEY);
  CREATE TABLE tally (
    class TEXT PRIMARY KEY, count INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL
  ) WITHOUT ROWID;
  CREATE TABLE recorded (
    number INTEGER PRIMARY KEY, class TEXT NOT NULL, count INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL
  );
  CREATE INDEX recorded_place ON recorded (class, last);
  ${OUTBOX_SCHEMA}
`;

/** Where it is kept which records are there for how long. */
export interface RetentionDatabaseOptions {
  /** `retention/retention.db`. */
  file: string;
  /** The key of the blind index. */
  key: Uint8Array;
  readOnly: boolean;
  /** The log, for who writes. */
  log?: FollowedLog;
}

/** @throws ExporterError `index_damaged` when it is opened read-only and cannot be read */
export function openRetentionDatabase({ file, key, readOnly, log }: RetentionDatabaseOptions): DatabaseSync {
  return openFollowerDatabase({
    file,
    title: 'retention of records',
    version: VERSION,
    schema: SCHEMA,
    key: createBlindKey(key),
    readOnly,
    ...(log !== undefined && { log }),
  });
}

/** What was purged of one class. */
export interface PurgedOfClass {
  class: string;
  count: number;
  /** Ledger index of the first and of the last of them. */
  first: number;
  last: number;
}

/** The rows of a {@link Chunk} each, and what a purge has to remember. Transactions are the caller's. */
export class RetentionTable {
  readonly #database: DatabaseSync;

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  /** A chunk as it is stored; an empty one where nothing is. */
  read(number: number): Chunk {
    const row = this.#database.prepare('SELECT times, classes FROM chunks WHERE chunk = ?').get(number);
    return chunkFrom(number, row);
  }

  /**
   * @param dueMs - the next moment at which an entry of it is due; undefined: none ever
   * @param held - how many entries of it are due and held
   */
  write(chunk: Chunk, dueMs: number | undefined, held: number): void {
    this.#database
      .prepare(
        'INSERT OR REPLACE INTO chunks (chunk, kept, due_ms, held, times, classes) VALUES (?, ?, ?, ?, ?, ?)',
      )
      .run(chunk.number, chunk.kept, dueMs ?? null, held, chunk.times, chunk.classes);
  }

  /** Numbers of chunks in which entries are due, those first that have been for the longest time. */
  due(nowMs: number, limit: number): number[] {
    const sql = 'SELECT chunk FROM chunks WHERE due_ms <= ? ORDER BY due_ms, chunk LIMIT ?';
    return numbersIn(this.#database.prepare(sql).all(nowMs, limit));
  }

  /** Numbers of chunks in which entries are due, or were found due and held before; ascending. */
  dueOrHeld(nowMs: number): number[] {
    const sql =
      'SELECT chunk FROM chunks WHERE due_ms <= ? UNION SELECT chunk FROM chunks WHERE held > 0 ORDER BY 1';
    return numbersIn(this.#database.prepare(sql).all(nowMs));
  }

  /** The next moment at which an entry is due; undefined: none ever. */
  nextDueMs(): number | undefined {
    const due = this.#database.prepare('SELECT min(due_ms) AS due FROM chunks').get()?.['due'];
    return typeof due === 'number' ? due : undefined;
  }

  /** What is due and was held is looked at again: holds are others now. */
  recheckHeld(): void {
    this.#database.exec('UPDATE chunks SET due_ms = 0 WHERE held > 0');
  }

  /** What the classes are is not known any more: nothing is due until they are told anew. */
  forgetDue(): void {
    this.#database.exec('UPDATE chunks SET due_ms = NULL, held = 0');
  }

  /**
   * The first ledger index of which anything has to stay: everything before it was purged.
   *
   * @param position - how much was taken in
   * @returns a multiple of {@link CHUNK_ENTRIES}
   */
  firstKept(position: number): number {
    const row = this.#database.prepare('SELECT min(chunk) AS chunk FROM chunks WHERE kept > 0').get();
    const chunk = row?.['chunk'];
    return (typeof chunk === 'number' ? chunk : chunkOf(position)) * CHUNK_ENTRIES;
  }

  /** The entries of a range that were purged, by ledger index. */
  purgedIn(from: number, to: number): Set<number> {
    const purged = new Set<number>();
    for (let number = chunkOf(from); number * CHUNK_ENTRIES < to; number++) {
      const chunk = this.read(number);
      const end = Math.min(to, (number + 1) * CHUNK_ENTRIES);
      for (let index = Math.max(from, number * CHUNK_ENTRIES); index < end; index++) {
        if (chunk.isPurged(index)) purged.add(index);
      }
    }
    return purged;
  }

  /** @returns undefined where nothing was written under the name */
  setting(name: string): number | string | undefined {
    const value = this.#database.prepare('SELECT value FROM settings WHERE name = ?').get(name)?.['value'];
    return typeof value === 'number' || typeof value === 'string' ? value : undefined;
  }

  set(name: string, value: number | string): void {
    this.#database.prepare('INSERT OR REPLACE INTO settings (name, value) VALUES (?, ?)').run(name, value);
  }

  /** Ledger indexes, ascending, that are marked as purged and may still be elsewhere. */
  underWay(): number[] {
    const rows = this.#database.prepare('SELECT record_index FROM under_way ORDER BY record_index').all();
    return rows.map((row) => Number(row['record_index']));
  }

  begin(indexes: Iterable<number>): void {
    const insert = this.#database.prepare('INSERT OR IGNORE INTO under_way (record_index) VALUES (?)');
    let last = this.purgedTo - 1;
    for (const index of indexes) {
      insert.run(index);
      last = Math.max(last, index);
    }
    this.set('purged_to', last + 1);
    this.set('purges', this.purges + 1);
  }

  /** Just past the last record that was ever purged; 0 where none was. */
  get purgedTo(): number {
    const value = this.setting('purged_to');
    return typeof value === 'number' ? value : 0;
  }

  /** How often anything was purged. */
  get purges(): number {
    const value = this.setting('purges');
    return typeof value === 'number' ? value : 0;
  }

  /** They are nowhere else any more. */
  finish(): void {
    this.#database.exec('DELETE FROM under_way');
  }

  /**
   * Counts entries that were purged, but for as many as a record of the ledger has counted already.
   *
   * @param purged - their ledger indexes, ascending
   */
  count(className: string, purged: readonly number[]): void {
    const indexes = purged.filter((index) => !this.#takeRecorded(className, index));
    if (indexes.length === 0) return;
    this.#database
      .prepare(
        `INSERT INTO tally (class, count, first, last) VALUES (?, ?, ?, ?) ON CONFLICT (class) DO UPDATE SET
         count = count + excluded.count, first = min(first, excluded.first), last = max(last, excluded.last)`,
      )
      .run(className, indexes.length, indexes[0] ?? 0, indexes.at(-1) ?? 0);
  }

  /**
   * The ledger has a record of a purge that is not known here: what was known of it is lost. So many of these entries are
   * purged once more, which changes nothing, and are not counted again.
   */
  noteRecorded({ class: name, count, first, last }: PurgedOfClass): void {
    this.#database
      .prepare('INSERT INTO recorded (class, count, first, last) VALUES (?, ?, ?, ?)')
      .run(name, count, first, last);
  }

  #takeRecorded(className: string, index: number): boolean {
    const row = this.#database
      .prepare(
        'SELECT number FROM recorded WHERE class = ? AND last >= ? AND first <= ? ORDER BY last LIMIT 1',
      )
      .get(className, index, index);
    const number = row?.['number'];
    if (number === undefined) return false;
    this.#database.prepare('UPDATE recorded SET count = count - 1 WHERE number = ?').run(number);
    this.#database.prepare('DELETE FROM recorded WHERE number = ? AND count <= 0').run(number);
    return true;
  }

  /** What was counted since the last time, by class. */
  takeTally(): PurgedOfClass[] {
    const rows = this.#database.prepare('SELECT class, count, first, last FROM tally ORDER BY class').all();
    this.#database.exec('DELETE FROM tally');
    return rows.map((row) => ({
      class: String(row['class']),
      count: Number(row['count']),
      first: Number(row['first']),
      last: Number(row['last']),
    }));
  }

  /** Drops the rows of chunks whose entries are not in the log any more. */
  prune(minimumIndex: number): void {
    this.#database.prepare('DELETE FROM chunks WHERE chunk < ?').run(chunkOf(minimumIndex));
    this.#database.prepare('DELETE FROM recorded WHERE last < ?').run(minimumIndex);
  }
}

function numbersIn(rows: readonly Record<string, unknown>[]): number[] {
  return rows.map((row) => Number(row['chunk']));
}

function chunkFrom(number: number, row: Record<string, unknown> | undefined): Chunk {
  const [times, classes] = [row?.['times'], row?.['classes']];
  if (!(times instanceof Uint8Array) || !(classes instanceof Uint8Array)) return new Chunk(number);
  return new Chunk(number, { times, classes });
}
