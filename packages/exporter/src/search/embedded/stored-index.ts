import type { DatabaseSync } from 'node:sqlite';

import { createBlindKey } from '../../blind-key.ts';
import { readPosition } from '../../follower-database.ts';
import { compareText, differingRows } from '../../row-differences.ts';
import { openIndexDatabase } from './database.ts';
import { PostingSums } from './posting-sums.ts';
import { BLOCK_RECORDS } from './block-times.ts';

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
      const found = this.#comparePostings(other, readPosition(other), most);
      found.push(...this.#compareTimes(other).slice(0, most), ...this.#compareFields(other));
      return found.toSorted((a, b) => (a.index ?? 0) - (b.index ?? 0)).slice(0, most);
    } finally {
      other.close();
    }
  }

  close(): void {
    this.#database.close();
  }

  #comparePostings(rebuilt: DatabaseSync, size: number, most: number): IndexDifference[] {
    const sums = new PostingSums(size);
    sums.take(this.#database, 'stored');
    sums.take(rebuilt, 'rebuilt');
    const beyond = sums.beyond(this.#database, most).map((index) => ({ kind: 'foreign' as const, index }));
    return [...sums.differences(most), ...beyond];
  }

  #compareTimes(rebuilt: DatabaseSync): IndexDifference[] {
    const inOrder = (a: TimeBlock, b: TimeBlock): number =>
      a.block - b.block || a.first - b.first || a.last - b.last || compareText(a.times, b.times);
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

/** The times of a block of records, in milliseconds since the epoch. */
interface TimeBlock {
  block: number;
  first: number;
  last: number;
  /** Those of each record, as they are stored, in hex. */
  times: string;
}

function* timeBlocks(database: DatabaseSync): Generator<TimeBlock> {
  const sql = 'SELECT block, first_ms, last_ms, hex(times) AS times FROM time_blocks ORDER BY block';
  for (const { block, first_ms: first, last_ms: last, times } of database.prepare(sql).iterate()) {
    yield { block: Number(block), first: Number(first), last: Number(last), times: String(times) };
  }
}

/** Pairs of a field and a shape that has it: a few thousand at most, however many records there are. */
function shapeFields(database: DatabaseSync): string[][] {
  const rows = database.prepare('SELECT field, shape FROM shape_fields ORDER BY field, shape').all();
  return rows.map(({ field, shape }) => [String(field), String(shape)]);
}
