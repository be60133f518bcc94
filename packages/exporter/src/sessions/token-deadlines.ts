import type { DatabaseSync, StatementSync } from 'node:sqlite';

import { momentOf, msOf } from './moment.ts';
import type { TokenRow } from './token-row.ts';

export const TOKEN_DEADLINES_SCHEMA = `
  CREATE TABLE token_deadlines (first_index INTEGER PRIMARY KEY, at TEXT NOT NULL);
  CREATE INDEX token_deadlines_by_time ON token_deadlines (at);
  CREATE TABLE token_past (only INTEGER PRIMARY KEY CHECK (only = 1), size INTEGER NOT NULL);
`;

/** Of a log that is followed from its beginning though it is long, what expired earlier than this before its end is past. */
const PAST_MS = 86_400_000;

/**
 * When which token expires, by the first record that names it. Each is looked at once: then its expiry is recorded, or
 * it was over before.
 */
export class TokenDeadlines {
  readonly #database: DatabaseSync;
  readonly #add: StatementSync;
  readonly #remove: StatementSync;
  /** What was in the log when this began to follow it: what expired in there long ago is not told of any more. */
  readonly pastSize: number;

  /**
   * @param database - to be written, with the tables of {@link TOKEN_DEADLINES_SCHEMA}
   * @param logSize - published entries
   */
  constructor(database: DatabaseSync, logSize: number) {
    this.#database = database;
    this.#add = database.prepare('INSERT OR IGNORE INTO token_deadlines (first_index, at) VALUES (?, ?)');
    this.#remove = database.prepare('DELETE FROM token_deadlines WHERE first_index = ?');
    database.prepare('INSERT OR IGNORE INTO token_past (only, size) VALUES (1, ?)').run(logSize);
    this.pastSize = Number(database.prepare('SELECT size FROM token_past').get()?.['size']);
  }

  /** Within the transaction that stores a token, before: its expiry is waited for, once, unless the ledger holds it. */
  watch(row: TokenRow): void {
    const { first, expiresAt, expired, isTimed } = row;
    if (expired !== undefined) this.remove(first.index);
    else if (isTimed || expiresAt === undefined) return;
    else this.#add.run(first.index, expiresAt);
    row.isTimed = true;
  }

  remove(firstIndex: number): void {
    this.#remove.run(firstIndex);
  }

  /** First records of tokens that have expired by then, the earliest first. */
  due(at: string, limit: number): number[] {
    return this.#database
      .prepare('SELECT first_index FROM token_deadlines WHERE at <= ? ORDER BY at, first_index LIMIT ?')
      .all(at, limit)
      .map((row) => Number(row['first_index']));
  }

  /**
   * Within the transaction of a batch, after its tokens: where that comes to the end of what was there at first, what
   * expired long before is let go of.
   *
   * @param latest - `@timestamp` of the latest record so far
   */
  reach(first: number, end: number, latest: string | undefined): void {
    if (first >= this.pastSize || end < this.pastSize || latest === undefined) return;
    this.#database
      .prepare('DELETE FROM token_deadlines WHERE at < ? AND first_index < ?')
      .run(momentOf(msOf(latest) - PAST_MS), this.pastSize);
  }
}
