import type { DatabaseSync, StatementSync } from 'node:sqlite';

import { openVocabulary } from './vocabulary.ts';

/** What a divider holds before the term: FTS5's name of the index over whole terms. */
const MAIN_INDEX = '0';

/** A divider that is shorter says nothing of a term. */
const SHORTEST = 4;

/**
 * What divides the pages of the full-text table from one another: of the first term of each page so many characters as tell
 * it from the last term before. FTS5 leaves them there when that first term goes.
 */
export class PageDividers {
  readonly #database: DatabaseSync;
  readonly #nextSegment: StatementSync;
  readonly #between: StatementSync;

  constructor(database: DatabaseSync) {
    this.#database = database;
    this.#nextSegment = database.prepare('SELECT min(segid) AS segment FROM postings_idx WHERE segid > ?');
    this.#between = database.prepare(
      'SELECT CAST(term AS TEXT) AS term FROM postings_idx WHERE segid = ? AND term BETWEEN ? AND ?',
    );
  }

  /**
   * Within a transaction: has the beginnings of terms that are gone replaced by those of the next term there is, which divide
   * the pages as well. To be called while no row is marked as deleted: FTS5 names no term of such rows alone.
   */
  forget(terms: Iterable<string>): void {
    openVocabulary(this.#database);
    const next = this.#database.prepare('SELECT term FROM temp.vocabulary WHERE term >= ? LIMIT 1');
    // It has FTS5 write what it still gathers.
    next.get('');
    const segments = [...this.#segments()];
    for (const term of terms) {
      const [from, to] = [term.slice(0, SHORTEST), term].map((text) => Buffer.from(MAIN_INDEX + text));
      if (from === undefined || to === undefined) continue;
      for (const segment of segments) {
        for (const row of this.#between.all(segment, from, to)) {
          const divider = String(row['term']).slice(MAIN_INDEX.length);
          if (!term.startsWith(divider)) continue;
          const follows = next.get(divider)?.['term'];
          if (typeof follows !== 'string' || follows.startsWith(divider)) continue;
          const other = follows.slice(0, commonLength(divider, follows) + 1);
          this.#replace(segment, divider, other);
        }
      }
    }
  }

  #replace(segment: number, divider: string, other: string): void {
    setDefensive(this.#database, false);
    try {
      this.#database
        .prepare('UPDATE postings_idx SET term = ? WHERE segid = ? AND term = ?')
        .run(Buffer.from(MAIN_INDEX + other), segment, Buffer.from(MAIN_INDEX + divider));
    } finally {
      setDefensive(this.#database, true);
    }
  }

  *#segments(): Generator<number> {
    let known = -1;
    for (;;) {
      const segment = this.#nextSegment.get(known)?.['segment'];
      if (typeof segment !== 'number') return;
      known = segment;
      yield segment;
    }
  }
}

/** Whether FTS5's own tables are kept from being written to; older versions of Node never do. */
function setDefensive(database: DatabaseSync, isDefensive: boolean): void {
  if ('enableDefensive' in database) database.enableDefensive(isDefensive);
}

function commonLength(a: string, b: string): number {
  let length = 0;
  while (length < a.length && a[length] === b[length]) length++;
  return length;
}
