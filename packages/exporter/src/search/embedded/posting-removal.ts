import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { setImmediate as giveWay } from 'node:timers/promises';

import type { BlindKey } from '../../blind-key.ts';
import { inDurableTransaction, inTransaction } from '../../transaction.ts';
import type { IndexedRecord } from '../search-index.ts';
import { setDeletedInPlace } from './database.ts';
import { token } from './expression.ts';
import { PageDividers } from './page-dividers.ts';
import { RowTokenizer } from './row-tokens.ts';
import { TOKEN_EVERY, TOKEN_SHAPELESS } from './tokens.ts';

/** Rows whose tokens leave the file in one transaction. */
const ROWS_AT_ONCE = 256;

/** Where others between them have a token as well, so many for each, rows are asked for it one by one. */
const ROWS_BETWEEN = 32;

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
  readonly #select: StatementSync;
  readonly #delete: StatementSync;
  readonly #dividers: PageDividers;

  constructor(database: DatabaseSync, key: BlindKey) {
    this.#database = database;
    this.#key = key;
    this.#dividers = new PageDividers(database);
    this.#select = database.prepare(
      'SELECT rowid FROM postings WHERE postings MATCH ? AND rowid BETWEEN ? AND ? LIMIT ?',
    );
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
    const byRow = new Map(records.map((record) => [record.index + 1, record]));
    const opened = this.#storedRows(records).filter(({ isOpened }) => isOpened);
    const changes = opened.flatMap(({ row, tokens }) => {
      const record = byRow.get(row);
      if (record === undefined) return [];
      const before = new Set(tokens);
      const after = new Set(bareText(record).split(' '));
      const gone = [...before].filter((text) => !after.has(text));
      const come = [...after].filter((text) => !before.has(text));
      return [{ row, gone, come }];
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
    setDeletedInPlace(this.#database, true);
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
      setDeletedInPlace(this.#database, false);
    }
  }

  /** Within a transaction: marks rows as deleted, of which nothing is kept to be taken out. */
  remove(records: readonly IndexedRecord[]): void {
    for (const { row, tokens } of this.#storedRows(records)) this.#delete.run(row, tokens.join(' '));
  }

  /** All is deleted before anything is inserted: the full-text table gathers what comes in the order of rows. */
  #replace(leaving: readonly Record<string, unknown>[]): void {
    for (const { row, gone } of leaving) this.#delete.run(Number(row), String(gone));
    const insert = this.#database.prepare('INSERT INTO postings (rowid, tokens) VALUES (?, ?)');
    for (const { row, come } of leaving) insert.run(Number(row), String(come));
    const done = this.#database.prepare('DELETE FROM leaving WHERE row = ?');
    for (const { row } of leaving) done.run(Number(row));
  }

  /** What the index has of records; those that are not in it are left out. */
  #storedRows(records: readonly IndexedRecord[]): StoredRow[] {
    const tokenizer = new RowTokenizer(this.#key);
    const made = records.map(({ index, document, openings }) => {
      const bare = tokenizer.tokensOf(document);
      const opened = openings === undefined ? bare : tokenizer.tokensOf(document, openings);
      const clear = new Set(bare.tokens);
      const sign = opened.tokens.find((text) => !clear.has(text)) ?? opened.shape;
      return { row: index + 1, bare, opened, sign: sign === bare.shape ? undefined : sign };
    });
    // Each was indexed with all of its opened groups, or without them.
    const signed = this.#rowsWith(made, ({ sign }) => sign);
    const there = this.#rowsWith(made, ({ row }) => (signed.has(row) ? undefined : TOKEN_EVERY));
    const stored = made.flatMap(({ row, bare, opened }) => {
      const isOpened = signed.has(row);
      return isOpened || there.has(row) ? [{ row, isOpened, ...(isOpened ? opened : bare) }] : [];
    });
    const shaped = this.#rowsWith(stored, ({ shape }) => shape);
    return stored.map(({ row, isOpened, tokens, shape }) => {
      if (shape === undefined) return { row, isOpened, tokens };
      return { row, isOpened, tokens: [...tokens, shaped.has(row) ? shape : TOKEN_SHAPELESS] };
    });
  }

  /** Those of some rows that have a token. */
  #rowsWith<Row extends { row: number }>(
    rows: readonly Row[],
    tokenOf: (row: Row) => string | undefined,
  ): Set<number> {
    const found = new Set<number>();
    for (const [text, group] of Map.groupBy(rows, tokenOf)) {
      if (text === undefined) continue;
      const wanted = group.map(({ row }) => row);
      const most = wanted.length * ROWS_BETWEEN;
      const between = this.#between(text, Math.min(...wanted), Math.max(...wanted), most);
      if (between.length < most) {
        const having = new Set(between);
        for (const row of wanted) if (having.has(row)) found.add(row);
      } else {
        for (const row of wanted) if (this.#between(text, row, row, 1).length > 0) found.add(row);
      }
    }
    return found;
  }

  #between(text: string, first: number, last: number, most: number): number[] {
    // As bigints: SQLite uses only integers as bounds of a full-text scan.
    return this.#select
      .all(token(text), BigInt(first), BigInt(last), most)
      .map((found) => Number(found['rowid']));
  }
}
