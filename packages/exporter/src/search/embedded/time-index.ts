import type { DatabaseSync } from 'node:sqlite';

import { BLOCK_RECORDS, decodeTimes, encodeTimes } from './block-times.ts';
import type { RecordTime } from './block-times.ts';
import { token } from './expression.ts';
import type { Range } from './query-plan.ts';
import { TOKEN_EVERY } from './tokens.ts';

/** Tables of {@link TimeIndex}. */
export const TIME_SCHEMA = `
  CREATE TABLE time_blocks (
    block INTEGER PRIMARY KEY, first_ms INTEGER NOT NULL, last_ms INTEGER NOT NULL, times BLOB NOT NULL
  );
`;

/** SQL that holds for rows whose block may have records of `$first_ms` to `$last_ms`. */
export const TIME_CONDITION: string = `EXISTS (
  SELECT 1 FROM time_blocks
  WHERE block = (postings.rowid - 1) / ${BLOCK_RECORDS} AND last_ms >= $first_ms AND first_ms <= $last_ms
)`;

const UPSERT = `INSERT INTO time_blocks (block, first_ms, last_ms, times) VALUES (?, ?, ?, ?)
  ON CONFLICT (block) DO UPDATE
  SET first_ms = excluded.first_ms, last_ms = excluded.last_ms, times = excluded.times`;

const HULL = `SELECT min(block) AS first, max(block) AS last FROM time_blocks
  WHERE last_ms >= $first_ms AND first_ms <= $last_ms`;

/** The times of a block of records. */
export interface TimeBlock {
  /** From the first to the last, in milliseconds since the epoch; empty where none has a time. */
  hull: Range;
  /** By place in the block. */
  times: readonly RecordTime[];
  /** True where every record up to the last has a time. */
  isWhole: boolean;
}

/**
 * The times of records, in blocks of them with the first and last of each. Records arrive nearly in the order of time,
 * so a range of time is nearly a range of blocks.
 */
export class TimeIndex {
  readonly #database: DatabaseSync;
  readonly #noted = new Map<number, Map<number, number>>();

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  /**
   * Remembers the time of a record until {@link flush}.
   *
   * @param index - ledger index
   * @param timeMs - since the epoch; a record without time is in no range of time
   */
  note(index: number, timeMs: number | undefined): void {
    const block = Math.floor(index / BLOCK_RECORDS);
    const noted = this.#noted.get(block) ?? new Map<number, number>();
    this.#noted.set(block, noted.set(index % BLOCK_RECORDS, timeMs ?? Number.NaN));
  }

  /** Writes what was noted, within the caller's transaction. */
  flush(): void {
    const select = this.#database.prepare('SELECT times FROM time_blocks WHERE block = ?');
    const upsert = this.#database.prepare(UPSERT);
    for (const [block, noted] of this.#noted) {
      const times = timesOf(select.get(block));
      const length = Math.max(times.length, ...[...noted.keys()].map((place) => place + 1));
      const all = Array.from({ length }, (_, place) => noted.get(place) ?? times[place]);
      const { from, to } = hullOf(all);
      upsert.run(block, from, to, encodeTimes(all));
    }
    this.forget();
  }

  /**
   * Drops blocks in which no record is any more, within the caller's transaction.
   *
   * @param indexes - of records that were taken out of them
   * @param position - blocks that reach beyond it stay
   */
  dropEmpty(indexes: readonly number[], position: number): void {
    const drop = this.#database.prepare(`DELETE FROM time_blocks WHERE block = ? AND NOT EXISTS (
      SELECT 1 FROM postings WHERE postings MATCH ? AND rowid BETWEEN ? AND ?)`);
    for (const block of new Set(indexes.map((index) => Math.floor(index / BLOCK_RECORDS)))) {
      const first = block * BLOCK_RECORDS + 1;
      const last = first + BLOCK_RECORDS - 1;
      // As bigints: SQLite uses only integers as bounds of a full-text scan.
      if (last <= position) drop.run(block, token(TOKEN_EVERY), BigInt(first), BigInt(last));
    }
  }

  /** Drops what was noted. */
  forget(): void {
    this.#noted.clear();
  }

  /** Cuts a range of ledger indexes to the blocks between the first and the last that may have such times. */
  narrow(range: Range, time: Range): Range {
    const row = this.#database.prepare(HULL).get(this.parameters(time));
    const first = row?.['first'];
    const last = row?.['last'];
    if (typeof first !== 'number' || typeof last !== 'number') return { from: 0, to: -1 };
    return {
      from: Math.max(range.from, first * BLOCK_RECORDS),
      to: Math.min(range.to, (last + 1) * BLOCK_RECORDS - 1),
    };
  }

  /** The blocks that a range of ledger indexes lies in, by their number. */
  blocks({ from, to }: Range): Map<number, TimeBlock> {
    const sql = 'SELECT block, times FROM time_blocks WHERE block >= ? AND block <= ?';
    const rows = this.#database
      .prepare(sql)
      .all(Math.floor(from / BLOCK_RECORDS), Math.floor(to / BLOCK_RECORDS));
    return new Map(
      rows.map((row) => {
        const times = timesOf(row);
        const isWhole = times.every((time) => time !== undefined && !Number.isNaN(time));
        return [Number(row['block']), { hull: hullOf(times), times, isWhole }];
      }),
    );
  }

  /** The parameters of {@link TIME_CONDITION}. */
  parameters(time: Range): { first_ms: number; last_ms: number } {
    return { first_ms: time.from, last_ms: time.to };
  }
}

function timesOf(row: Record<string, unknown> | undefined): RecordTime[] {
  const bytes = row?.['times'];
  return bytes instanceof Uint8Array ? decodeTimes(bytes) : [];
}

/** SQLite has no infinity among its integers. */
const NEVER: Range = { from: Number.MAX_SAFE_INTEGER, to: Number.MIN_SAFE_INTEGER };

function hullOf(times: readonly RecordTime[]): Range {
  let { from, to } = NEVER;
  for (const time of times) {
    if (time === undefined || Number.isNaN(time)) continue;
    from = Math.min(from, time);
    to = Math.max(to, time);
  }
  return { from, to };
}
