import type { DatabaseSync, StatementSync } from 'node:sqlite';

export const DEADLINES_SCHEMA = `
  CREATE TABLE deadlines (reference TEXT PRIMARY KEY, at_ms INTEGER NOT NULL) WITHOUT ROWID;
  CREATE INDEX deadlines_by_time ON deadlines (at_ms);
  CREATE TABLE log_clock (only INTEGER PRIMARY KEY CHECK (only = 1), latest TEXT NOT NULL);
`;

/**
 * When to look at which session, and how late it is in the log. A time that has come only says that it is worth a look:
 * the session may have been used since, so that its use costs nothing here.
 */
export class SessionDeadlines {
  readonly #database: DatabaseSync;
  readonly #add: StatementSync;

  constructor(database: DatabaseSync) {
    this.#database = database;
    this.#add = database.prepare('INSERT OR IGNORE INTO deadlines (reference, at_ms) VALUES (?, ?)');
  }

  /** A session lives: it is to be looked at then, unless it is already to be looked at some time. */
  add(reference: string, atMs: number): void {
    this.#add.run(reference, atMs);
  }

  /** What time brought about for it is in the ledger: it is to be looked at again then, however late it was to be. */
  renew(reference: string, atMs: number): void {
    this.#database
      .prepare(
        'INSERT INTO deadlines (reference, at_ms) VALUES (?, ?) ON CONFLICT DO UPDATE SET at_ms = min(at_ms, excluded.at_ms)',
      )
      .run(reference, atMs);
  }

  /** It is to be looked at then. */
  set(reference: string, atMs: number): void {
    this.#database.prepare('UPDATE deadlines SET at_ms = ? WHERE reference = ?').run(atMs, reference);
  }

  /** It is over. */
  remove(reference: string): void {
    this.#database.prepare('DELETE FROM deadlines WHERE reference = ?').run(reference);
  }

  /** References of sessions whose time has come, the earliest first. */
  due(nowMs: number, limit: number): string[] {
    return this.#database
      .prepare('SELECT reference FROM deadlines WHERE at_ms <= ? ORDER BY at_ms LIMIT ?')
      .all(nowMs, limit)
      .map((row) => String(row['reference']));
  }

  /** `@timestamp` of the latest record that was taken in; undefined before the first. */
  latest(): string | undefined {
    const latest = this.#database.prepare('SELECT latest FROM log_clock').get()?.['latest'];
    return latest === undefined ? undefined : String(latest);
  }

  /** Within the transaction of a batch: its latest time. */
  reach(latest: string): void {
    this.#database
      .prepare(
        'INSERT INTO log_clock (only, latest) VALUES (1, ?) ON CONFLICT (only) DO UPDATE SET latest = max(latest, excluded.latest)',
      )
      .run(latest);
  }
}
