import type { DatabaseSync } from 'node:sqlite';

import type { Range } from './query-plan.ts';

/** How many records share one entry of the time index. */
export const BLOCK_RECORDS = 256;

/** SQL that holds for rows whose block may have records of `$first_ms` to `$last_ms`. */
export const TIME_CONDITION: string = `EXISTS (
  SELECT 1 FROM time_blocks
  WHERE block = (postings.rowid - 1) / ${BLOCK_RECORDS} AND last_ms >= $first_ms AND first_ms <= $last_ms
)`;

const UPSERT = `INSERT INTO time_blocks (block, first_ms, last_ms) VALUES (?, ?, ?)
  ON CONFLICT (block) DO UPDATE
  SET first_ms = min(first_ms, excluded.first_ms), last_ms = max(last_ms, excluded.last_ms)`;

const HULL = `SELECT min(block) AS first, max(block) AS last FROM time_blocks
  WHERE last_ms >= $first_ms AND first_ms <= $last_ms`;

/**
 * The first and last time of every block of records. Records arrive nearly in the order of time, so a range of time
 * is nearly a range of blocks.
 */
export class TimeIndex {
  readonly #database: DatabaseSync;
  readonly #noted = new Map<number, Range>();

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
    if (timeMs === undefined) return;
    const block = Math.floor(index / BLOCK_RECORDS);
    const { from, to } = this.#noted.get(block) ?? { from: timeMs, to: timeMs };
    this.#noted.set(block, { from: Math.min(from, timeMs), to: Math.max(to, timeMs) });
  }

  /** Writes what was noted, within the caller's transaction. */
  flush(): void {
    const upsert = this.#database.prepare(UPSERT);
    for (const [block, { from, to }] of this.#noted) upsert.run(block, from, to);
    this.forget();
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

  /** The parameters of {@link TIME_CONDITION}. */
  parameters(time: Range): { first_ms: number; last_ms: number } {
    return { first_ms: time.from, last_ms: time.to };
  }
}
