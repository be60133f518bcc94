import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { setImmediate as giveWay } from 'node:timers/promises';

import type { BlindKey } from '../../blind-key.ts';
import { inDurableTransaction, inTransaction } from '../../transaction.ts';
import type { IndexedRecord } from '../search-index.ts';
import { token } from './expression.ts';
import { PageDividers } from './page-dividers.ts';
import { RowTokenizer } from './row-tokens.ts';
import { TOKEN_EVERY, TOKEN_SHAPELESS } from './tokens.ts';

/** The tables of {@link PostingRemoval}. */
export const LEAVING_SCHEMA = `
  CREATE TABLE leaving (row INTEGER PRIMARY KEY, gone TEXT NOT NULL, come TEXT NOT NULL);
`;

/** Rows whose tokens leave the file in one transaction. */
const ROWS_AT_ONCE = 256;

/** What a row has. */
interface StoredRow {
  row: number;
  /** As often as they stand in its text. */
  tokens: readonly string[];
  /** Whether it has what opened groups say. */
  isOpened: boolean;
}

/**
 * Takes tokens out of the full-text table. That one stores no documents and has to be told which tokens a row has: they
 * are made anew from the record and its opened groups, for as long as these can be read.
 *
 * What opened groups said leaves the file at once and in place, which takes as long as there are such rows, however long
 * the log is. For that `leaving` keeps the tokens, hidden as in the index itself, until it is done: when the opened groups
 * are destroyed before, nobody could make them any more. Whole rows are marked as deleted, and leave the file when it is
 * written anew.
 */
export class PostingRemoval {
  readonly #database: DatabaseSync;
  readonly #key: BlindKey;
  readonly #has: StatementSync;
  readonly #delete: StatementSync;
  readonly #dividers: PageDividers;

  constructor(database: DatabaseSync, key: BlindKey) {
    this.#database = database;
    this.#key = key;
    this.#dividers = new PageDividers(database);
    this.#has = database.prepare('SELECT 1 FROM postings WHERE postings MATCH ? AND rowid = ?');
    this.#delete = database.prepare("INSERT INTO postings (postings, rowid, tokens) VALUES ('delete', ?, ?)");
  }

  /**
   * Keeps, durably, what is to be taken from rows, and what is to take its place: the tokens of the records alone.
   *
   * @param bareText - the text of a record without its opened groups; what it notes is written in the same transaction
   */
  prepare(
    records: readonly IndexedRecord[],
    bareText: (record: IndexedRecord) => string,
    note: () => void,
  ): void {
    const tokenizer = new RowTokenizer(this.#key);
    const changes = records.flatMap((record) => {
      const stored = this.#storedRow(record, tokenizer);
      if (stored?.isOpened !== true) return [];
      const before = new Set(stored.tokens);
      const after = new Set(bareText(record).split(' '));
      return [
        {
          row: stored.row,
          gone: [...before].filter((text) => !after.has(text)),
          come: [...after].filter((text) => !before.has(text)),
        },
      ];
    });
    if (changes.length === 0) return;
    inDurableTransaction(this.#database, () => {
      const insert = this.#database.prepare(
        'INSERT OR IGNORE INTO leaving (row, gone, come) VALUES (?, ?, ?)',
      );
      for (const { row, gone, come } of changes) insert.run(row, gone.join(' '), come.join(' '));
      note();
    });
  }

  /**
   * Takes out what was kept of these rows, some at a time; nothing else is to be written meanwhile.
   *
   * @param indexes - ledger indexes; what nothing was kept of is passed over
   * @param isWrittenAnew - whether the file is written anew before it has to be free of them
   */
  async finish(indexes: readonly number[], isWrittenAnew: boolean): Promise<void> {
    const rows = JSON.stringify(indexes.map((index) => index + 1));
    const select = this.#database.prepare(
      'SELECT row, gone, come FROM leaving WHERE row IN (SELECT value FROM json_each(?)) ORDER BY row LIMIT ?',
    );
    let leaving = select.all(rows, ROWS_AT_ONCE);
    if (leaving.length === 0) return;
    this.#setInPlace(true);
    try {
      while (leaving.length > 0) {
        const some = leaving;
        inTransaction(this.#database, () => {
          this.#replace(some);
          if (!isWrittenAnew)
            this.#dividers.forget(new Set(some.flatMap(({ gone }) => String(gone).split(' '))));
        });
        await giveWay();
        leaving = select.all(rows, ROWS_AT_ONCE);
      }
    } finally {
      this.#setInPlace(false);
    }
  }

  /** Within a transaction: marks rows as deleted, of which nothing is kept to be taken out. */
  remove(records: readonly IndexedRecord[]): void {
    const tokenizer = new RowTokenizer(this.#key);
    const stored = records.flatMap((record) => this.#storedRow(record, tokenizer) ?? []);
    for (const { row, tokens } of stored) this.#delete.run(row, tokens.join(' '));
  }

  /** All is deleted before anything is inserted: the full-text table gathers what comes in the order of rows. */
  #replace(leaving: readonly Record<string, unknown>[]): void {
    for (const { row, gone } of leaving) this.#delete.run(Number(row), String(gone));
    const insert = this.#database.prepare('INSERT INTO postings (rowid, tokens) VALUES (?, ?)');
    for (const { row, come } of leaving) insert.run(Number(row), String(come));
    const done = this.#database.prepare('DELETE FROM leaving WHERE row = ?');
    for (const { row } of leaving) done.run(Number(row));
  }

  /** Whether what is deleted leaves the file at once; not while records are taken in, which is slower then. */
  #setInPlace(isInPlace: boolean): void {
    const value = isInPlace ? 1 : 0;
    this.#database.exec(`INSERT INTO postings (postings, rank) VALUES ('secure-delete', ${value})`);
  }

  /** Undefined where the record is not in the index. */
  #storedRow({ index, document, openings }: IndexedRecord, tokenizer: RowTokenizer): StoredRow | undefined {
    const row = index + 1;
    const bare = tokenizer.tokensOf(document);
    const opened = openings === undefined ? bare : tokenizer.tokensOf(document, openings);
    const clear = new Set(bare.tokens);
    // It was indexed with all of its opened groups, or without them.
    const sign = opened.tokens.find((text) => !clear.has(text)) ?? opened.shape;
    const isOpened = sign !== undefined && sign !== bare.shape && this.#hasToken(row, sign);
    if (!isOpened && !this.#hasToken(row, TOKEN_EVERY)) return undefined;
    const { tokens, shape } = isOpened ? opened : bare;
    if (shape === undefined) return { row, tokens, isOpened };
    return { row, tokens: [...tokens, this.#hasToken(row, shape) ? shape : TOKEN_SHAPELESS], isOpened };
  }

  #hasToken(row: number, text: string): boolean {
    // As a bigint: SQLite uses only integers as bounds of a full-text scan.
    return this.#has.get(token(text), BigInt(row)) !== undefined;
  }
}
