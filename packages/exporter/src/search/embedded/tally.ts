import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { setImmediate as yieldToOthers } from 'node:timers/promises';

import type { HistogramInterval } from '../../archive-types.ts';
import { addToBucket, bucketStart } from '../buckets.ts';
import { MAX_UNSURE } from '../search-index.ts';
import type { Tally } from '../search-index.ts';
import { BLOCK_RECORDS } from './block-times.ts';
import { except, token } from './expression.ts';
import type { Expression } from './expression.ts';
import type { QueryPlan, Range } from './query-plan.ts';
import type { TimeBlock, TimeIndex } from './time-index.ts';
import { TOKEN_EVERY } from './tokens.ts';

/** Rows that are counted in one go, between which others have their turn: 30 ms of them. */
const COUNTED_ROWS = 1_048_576;

/** The same where the time of each row may have to be looked at. */
const TIMED_ROWS = 64 * BLOCK_RECORDS;

/** What is counted. */
export interface TallyOptions {
  plan: QueryPlan;
  /** Ledger indexes. */
  range: Range;
  interval?: HistogramInterval | undefined;
}

/** Counts the records of a plan, newest first, in parts that leave time for others. */
export async function tallyPlan(
  database: DatabaseSync,
  times: TimeIndex,
  { plan, range, interval }: TallyOptions,
): Promise<Tally> {
  const tally: Tally = { sure: new Map(), unsure: [], others: 0 };
  const rows = new PlanRows(database, plan);
  const isTimed = interval !== undefined || plan.time !== undefined;
  const step = isTimed ? TIMED_ROWS : COUNTED_ROWS;
  for (let part = Math.floor(range.to / step); part >= 0 && part >= Math.floor(range.from / step); part--) {
    const slice = { from: Math.max(range.from, part * step), to: Math.min(range.to, (part + 1) * step - 1) };
    if (isTimed) new TimedSlice(tally, plan, interval, times.blocks(slice)).take(rows, slice);
    else takeUntimed(tally, rows, slice);
    await yieldToOthers();
  }
  return tally;
}

function takeUntimed(tally: Tally, rows: PlanRows, slice: Range): void {
  const sure = rows.countSure(slice);
  if (sure > 0) addToBucket(tally.sure, 0, sure);
  const room = MAX_UNSURE - tally.unsure.length;
  const unsure = rows.unsure(slice, room);
  tally.unsure.push(...unsure);
  // Fewer than there was room for are all of them.
  if (unsure.length === room) tally.others += rows.countUnsure(slice) - room;
}

/** Rows of one part of the index whose times decide. */
class TimedSlice {
  readonly #tally: Tally;
  readonly #plan: QueryPlan;
  readonly #interval: HistogramInterval | undefined;
  readonly #blocks: ReadonlyMap<number, TimeBlock>;

  constructor(
    tally: Tally,
    plan: QueryPlan,
    interval: HistogramInterval | undefined,
    blocks: ReadonlyMap<number, TimeBlock>,
  ) {
    this.#tally = tally;
    this.#plan = plan;
    this.#interval = interval;
    this.#blocks = blocks;
  }

  take(rows: PlanRows, slice: Range): void {
    const bucket = this.#commonBucket();
    if (bucket !== undefined) {
      const count = rows.countSure(slice);
      if (count > 0) addToBucket(this.#tally.sure, bucket, count);
    } else {
      for (const index of rows.sure(slice)) this.#takeSure(index);
    }
    for (const index of rows.unsure(slice, -1)) {
      const time = this.#timeOf(index);
      if (time === undefined || isWithin(this.#plan.time, time)) this.#leave(index);
    }
  }

  /** The stretch of time that every row of the part is sure to lie in; undefined where each has to be looked at. */
  #commonBucket(): number | undefined {
    const buckets = new Set<number>();
    for (const { hull, isWhole } of this.#blocks.values()) {
      const { countedTime } = this.#plan;
      if (!isWhole || !isWithin(countedTime, hull.from) || !isWithin(countedTime, hull.to)) return undefined;
      buckets.add(this.#bucketOf(hull.from)).add(this.#bucketOf(hull.to));
    }
    const [only, ...others] = buckets;
    return others.length > 0 ? undefined : only;
  }

  #takeSure(index: number): void {
    const time = this.#timeOf(index);
    if (time !== undefined && isWithin(this.#plan.countedTime, time)) {
      addToBucket(this.#tally.sure, this.#bucketOf(time), 1);
    } else if (time === undefined || isWithin(this.#plan.time, time)) {
      this.#leave(index);
    }
  }

  #leave(index: number): void {
    if (this.#tally.unsure.length < MAX_UNSURE) this.#tally.unsure.push(index);
    else this.#tally.others++;
  }

  #bucketOf(timeMs: number): number {
    return this.#interval === undefined ? 0 : bucketStart(this.#interval, timeMs);
  }

  #timeOf(index: number): number | undefined {
    const time = this.#blocks.get(Math.floor(index / BLOCK_RECORDS))?.times[index % BLOCK_RECORDS];
    return time === undefined || Number.isNaN(time) ? undefined : time;
  }
}

/** The rows of a plan: those that match for sure, and those of which it is not known. */
class PlanRows {
  readonly #database: DatabaseSync;
  readonly #sure: Expression | undefined;
  readonly #unsure: Expression | undefined;
  readonly #statements = new Map<string, StatementSync>();

  constructor(database: DatabaseSync, { atMost = token(TOKEN_EVERY), counted }: QueryPlan) {
    this.#database = database;
    this.#sure = counted;
    if (counted === undefined) this.#unsure = atMost;
    else if (counted !== atMost) this.#unsure = except(atMost, counted);
  }

  countSure(slice: Range): number {
    return this.#count(this.#sure, slice);
  }

  countUnsure(slice: Range): number {
    return this.#count(this.#unsure, slice);
  }

  /** Ledger indexes, newest first. */
  sure(slice: Range): number[] {
    return this.#list(this.#sure, slice, -1);
  }

  /**
   * Ledger indexes, newest first.
   *
   * @param most - how many; all where it is negative
   */
  unsure(slice: Range, most: number): number[] {
    return this.#list(this.#unsure, slice, most);
  }

  #count(expression: Expression | undefined, slice: Range): number {
    if (expression === undefined) return 0;
    const row = this.#prepare('count(*) AS count', '').get(parameters(expression, slice));
    return Number(row?.['count']);
  }

  #list(expression: Expression | undefined, slice: Range, limit: number): number[] {
    if (expression === undefined || limit === 0) return [];
    const statement = this.#prepare('rowid', 'ORDER BY rowid DESC LIMIT $limit');
    return statement.all({ ...parameters(expression, slice), limit }).map(({ rowid }) => Number(rowid) - 1);
  }

  #prepare(what: string, order: string): StatementSync {
    const known = this.#statements.get(what);
    if (known !== undefined) return known;
    const statement = this.#database.prepare(
      `SELECT ${what} FROM postings WHERE postings MATCH $expression AND rowid >= $from AND rowid <= $to ${order}`,
    );
    this.#statements.set(what, statement);
    return statement;
  }
}

/** As bigints: SQLite uses only integers as bounds of a full-text scan. */
function parameters(expression: Expression, { from, to }: Range): Record<string, string | bigint> {
  return { expression, from: BigInt(from) + 1n, to: BigInt(to) + 1n };
}

function isWithin(range: Range | undefined, value: number): boolean {
  return range === undefined || (value >= range.from && value <= range.to);
}
