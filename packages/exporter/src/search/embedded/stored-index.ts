import type { DatabaseSync } from 'node:sqlite';

import { createBlindKey } from '../../blind-key.ts';
import { readPosition } from '../../follower-database.ts';
import { compareText, differingRows } from '../../row-differences.ts';
import { openIndexDatabase } from './database.ts';
import { BLOCK_RECORDS } from './time-index.ts';
import { TOKEN_EVERY, TOKEN_SHAPELESS } from './tokens.ts';

/** Something that the index holds otherwise than the records make it. */
export interface IndexDifference {
  /**
   * - `missing`: nothing leads to the record
   * - `foreign`: something leads to a record that there is not
   * - `altered`: some of what leads to the record is missing, or something else does
   * - `times`: a range of time leads to other records than it should, from this one on
   * - `fields`: asking for the presence of a field leads to other records than it should
   */
  kind: 'missing' | 'foreign' | 'altered' | 'times' | 'fields';
  /** Ledger index of the record, or of the first one; absent for `fields`. */
  index?: number;
}

/** A token of a record, as the full-text table has it. */
interface Posting {
  term: string;
  row: number;
}

/** What is the matter with a record's tokens. */
interface RowFinding {
  /** Whether the token that every record has is there and should not be, or the other way round. */
  every: 'foreign' | 'missing' | undefined;
  isShapeOnly: boolean;
}

/** An index that is compared with one that was built anew. What it holds stays as it was when it was opened. */
export class StoredIndex {
  /** The first ledger index that it has not taken in. */
  readonly position: number;
  readonly #database: DatabaseSync;

  /**
   * @param file - path of the database
   * @param key - 32 bytes: the key of its tokens
   * @throws ExporterError `index_damaged`
   */
  constructor(file: string, key: Uint8Array) {
    this.#database = openIndexDatabase(file, createBlindKey(key), true);
    this.#database.exec('BEGIN');
    this.position = readPosition(this.#database);
  }

  /** What SQLite finds wrong with the file itself, such as an inner node that leads past a token; absent if nothing. */
  findDamage(): string | undefined {
    const found = String(this.#database.prepare('PRAGMA integrity_check(1)').get()?.['integrity_check']);
    return found === 'ok' ? undefined : found;
  }

  /**
   * Compares with the same index built anew from the log.
   *
   * @param rebuilt - path of its database
   * @param most - how many differences are told at most
   */
  differences(rebuilt: string, key: Uint8Array, most: number): IndexDifference[] {
    const other = openIndexDatabase(rebuilt, createBlindKey(key), true);
    try {
      const found: IndexDifference[] = [...this.#comparePostings(other, most)];
      found.push(...this.#compareTimes(other).slice(0, most), ...this.#compareFields(other));
      return found.toSorted((a, b) => (a.index ?? 0) - (b.index ?? 0)).slice(0, most);
    } finally {
      other.close();
    }
  }

  close(): void {
    this.#database.close();
  }

  #comparePostings(rebuilt: DatabaseSync, most: number): IndexDifference[] {
    const rows = new Map<number, RowFinding>();
    const inOrder = (a: Posting, b: Posting): number => compareText(a.term, b.term) || a.row - b.row;
    for (const { kind, row: posting } of differingRows(
      postings(this.#database),
      postings(rebuilt),
      inOrder,
    )) {
      const { term, row } = posting;
      let finding = rows.get(row);
      if (finding === undefined) {
        if (rows.size >= most) continue;
        finding = { every: undefined, isShapeOnly: true };
        rows.set(row, finding);
      }
      if (term === TOKEN_EVERY) finding.every = kind;
      if (!term.startsWith(SHAPE_PREFIX)) finding.isShapeOnly = false;
    }
    return [...rows].flatMap(([row, { every, isShapeOnly }]) => {
      // Past a number of shapes a record has none of its own, and which ones these are depends on where a process began.
      const isOnePastAll = isShapeOnly && [this.#database, rebuilt].some((index) => isShapeless(index, row));
      return isOnePastAll ? [] : [{ kind: every ?? 'altered', index: row - 1 }];
    });
  }

  #compareTimes(rebuilt: DatabaseSync): IndexDifference[] {
    const inOrder = (a: TimeBlock, b: TimeBlock): number =>
      a.block - b.block || a.first - b.first || a.last - b.last;
    const differing = [...differingRows(timeBlocks(this.#database), timeBlocks(rebuilt), inOrder)];
    const blocks = new Set(differing.map(({ row }) => row.block));
    return [...blocks].map((block) => ({ kind: 'times', index: block * BLOCK_RECORDS }));
  }

  #compareFields(rebuilt: DatabaseSync): IndexDifference[] {
    const inOrder = (a: readonly string[], b: readonly string[]): number =>
      compareText(a[0] ?? '', b[0] ?? '') || compareText(a[1] ?? '', b[1] ?? '');
    const known = new Set(shapeFields(rebuilt).map(([, shape]) => shape));
    // A shape that no record has leads nowhere.
    const stored = shapeFields(this.#database).filter(([, shape = '']) => known.has(shape));
    const [first] = differingRows(stored, shapeFields(rebuilt), inOrder);
    return first === undefined ? [] : [{ kind: 'fields' }];
  }
}

/** What the tokens of shapes begin with. */
const SHAPE_PREFIX = TOKEN_SHAPELESS.slice(0, 1);

function* postings(database: DatabaseSync): Generator<Posting> {
  database.exec(
    'CREATE VIRTUAL TABLE IF NOT EXISTS temp.vocabulary USING fts5vocab(main, postings, instance)',
  );
  for (const { term, doc } of database.prepare('SELECT term, doc FROM temp.vocabulary').iterate()) {
    yield { term: String(term), row: Number(doc) };
  }
}

function isShapeless(database: DatabaseSync, row: number): boolean {
  const sql = 'SELECT 1 FROM postings WHERE postings MATCH ? AND rowid = ?';
  return database.prepare(sql).get(`"${TOKEN_SHAPELESS}"`, BigInt(row)) !== undefined;
}

/** The times of a block of records, in milliseconds since the epoch. */
interface TimeBlock {
  block: number;
  first: number;
  last: number;
}

function* timeBlocks(database: DatabaseSync): Generator<TimeBlock> {
  for (const row of database.prepare('SELECT * FROM time_blocks ORDER BY block').iterate()) {
    yield { block: Number(row['block']), first: Number(row['first_ms']), last: Number(row['last_ms']) };
  }
}

/** Pairs of a field and a shape that has it: a few thousand at most, however many records there are. */
function shapeFields(database: DatabaseSync): string[][] {
  const rows = database.prepare('SELECT field, shape FROM shape_fields ORDER BY field, shape').all();
  return rows.map(({ field, shape }) => [String(field), String(shape)]);
}
