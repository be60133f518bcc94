import type { DatabaseSync } from 'node:sqlite';

import type { JsonObject } from '@spanledger/record';

import type { FollowedLog } from '../../follower-database.ts';
import {
  cutWriteAheadLog,
  readMeta,
  readPosition,
  settleDatabase,
  writeMeta,
  writePosition,
} from '../../follower-database.ts';
import { inTransaction } from '../../transaction.ts';
import { createBlindKey } from '../../blind-key.ts';
import type { BlindKey } from '../../blind-key.ts';
import { parseInstant } from '../query/dates.ts';
import type { SearchOrder } from '../../archive-types.ts';
import { MAX_CANDIDATES } from '../search-index.ts';
import type {
  CandidatePage,
  CandidateRequest,
  IndexedRecord,
  SearchIndexDriver,
  Tally,
  TallyRequest,
} from '../search-index.ts';
import type { Query } from '../query/query.ts';
import { openIndexDatabase } from './database.ts';
import { DocumentTokenizer } from './document-tokens.ts';
import { token } from './expression.ts';
import { PostingRemoval } from './posting-removal.ts';
import { planQuery } from './query-plan.ts';
import type { QueryPlan, Range } from './query-plan.ts';
import type { Shape } from './shape-registry.ts';
import { ShapeTable } from './shape-table.ts';
import { tallyPlan } from './tally.ts';
import { TIME_CONDITION, TimeIndex } from './time-index.ts';
import { TOKEN_EVERY } from './tokens.ts';

/** Where an embedded index lies and what hides its tokens. */
export interface EmbeddedIndexOptions {
  /** Path of the database. */
  file: string;
  /** 32 bytes: the key of the tokens of committed groups and of words. */
  key: Uint8Array;
  /** True to read an index that somebody else writes. */
  readOnly?: boolean;
  /** The log, for who writes: an index of another one, or of a longer one, begins anew. */
  log?: FollowedLog;
}

/**
 * The index that needs nothing installed: one contentless full-text table as inverted index, row = ledger index + 1.
 * It stores no document and no value of a committed group; it says where to look.
 *
 * @throws ExporterError `index_damaged` when it is opened read-only and cannot be read
 */
export function openEmbeddedIndex({
  file,
  key,
  readOnly = false,
  log,
}: EmbeddedIndexOptions): SearchIndexDriver {
  const blindKey = createBlindKey(key);
  return new EmbeddedIndex(openIndexDatabase(file, blindKey, readOnly, log), blindKey);
}

/** Noted in the database while rows are marked as deleted: 1. */
const REMOVED = 'removed';

/** A time as records write it: 2026-11-02T10:30:00.123456789Z; anything else is read with more care. */
const RECORD_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$/;
const MILLISECONDS_LENGTH = 'yyyy-mm-ddThh:mm:ss.sss'.length;

const EVERYWHERE: Range = { from: 0, to: Number.MAX_SAFE_INTEGER - 1 };

class EmbeddedIndex implements SearchIndexDriver {
  readonly #database: DatabaseSync;
  readonly #key: BlindKey;
  #tokenizer: DocumentTokenizer;
  readonly #times: TimeIndex;
  readonly #shapes: ShapeTable;
  readonly #removal: PostingRemoval;

  constructor(database: DatabaseSync, key: BlindKey) {
    this.#database = database;
    this.#key = key;
    this.#tokenizer = new DocumentTokenizer(key);
    this.#times = new TimeIndex(database);
    this.#shapes = new ShapeTable(database);
    this.#removal = new PostingRemoval(database, key);
  }

  position(): number {
    return readPosition(this.#database);
  }

  async add(records: readonly IndexedRecord[], position: number): Promise<void> {
    const known = this.position();
    this.#times.forget();
    try {
      inTransaction(this.#database, () => {
        const insert = this.#database.prepare('INSERT INTO postings (rowid, tokens) VALUES (?, ?)');
        const shapes = new Set<Shape>();
        for (const { index, document, openings } of records) {
          if (index < known) throw new TypeError(`record ${index} was taken in before`);
          const { text, shape } = this.#tokenizer.tokenize(document, openings);
          insert.run(index + 1, text);
          if (shape !== undefined) shapes.add(shape);
          this.#times.note(index, timeOf(document));
        }
        this.#shapes.store(shapes);
        this.#times.flush();
        writePosition(this.#database, position);
      });
    } catch (error) {
      this.#shapes.forget();
      throw error;
    }
  }

  async passOver(indexes: readonly number[]): Promise<void> {
    this.#times.forget();
    inTransaction(this.#database, () => {
      this.#untime(indexes);
    });
  }

  async remove(records: readonly IndexedRecord[]): Promise<void> {
    const indexes = records.map(({ index }) => index);
    await this.#removal.finish(indexes, this.#isRowRemoved);
    this.#times.forget();
    inTransaction(this.#database, () => {
      this.#removal.remove(records);
      this.#untime(indexes);
      writeMeta(this.#database, REMOVED, 1);
    });
  }

  async prepareErasure(records: readonly IndexedRecord[]): Promise<void> {
    const shapes = new Set<Shape>();
    try {
      this.#removal.prepare(
        records,
        ({ document }) => {
          const { text, shape } = this.#tokenizer.tokenize(document);
          if (shape !== undefined) shapes.add(shape);
          return text;
        },
        () => {
          this.#shapes.store(shapes);
        },
      );
    } catch (error) {
      this.#shapes.forget();
      throw error;
    }
  }

  async erase(indexes: readonly number[]): Promise<void> {
    await this.#removal.finish(indexes, this.#isRowRemoved);
  }

  settle(): void {
    // It knows the tokens of values that it met.
    this.#tokenizer = new DocumentTokenizer(this.#key);
    if (!this.#isRowRemoved) {
      cutWriteAheadLog(this.#database);
      return;
    }
    // A row that is deleted stays in its segment, marked, until segments are merged.
    this.#database.exec("INSERT INTO postings (postings) VALUES ('optimize')");
    settleDatabase(this.#database);
    writeMeta(this.#database, REMOVED, 0);
  }

  async candidates({ query, order, after, limit }: CandidateRequest): Promise<CandidatePage> {
    const plan = this.#plan(query);
    const range = this.#narrow(beyond(plan.indexes ?? EVERYWHERE, order, after), plan);
    if (range.from > range.to) return { indexes: [], done: true };
    const most = Math.min(limit, MAX_CANDIDATES);
    const found = this.#database.prepare(selectRows(order, plan.time !== undefined)).all({
      expression: plan.atMost ?? token(TOKEN_EVERY),
      from: toRow(range.from),
      to: toRow(range.to),
      limit: most + 1,
      ...(plan.time !== undefined && this.#times.parameters(plan.time)),
    });
    const indexes = found.slice(0, most).map((row) => Number(row['rowid']) - 1);
    return { indexes, done: found.length <= most };
  }

  async tally({ query, interval }: TallyRequest): Promise<Tally> {
    const plan = this.#plan(query);
    const last = this.position() - 1;
    const { from, to } = this.#narrow(plan.indexes ?? EVERYWHERE, plan);
    const range = { from: Math.max(0, Math.ceil(from)), to: Math.min(last, Math.floor(to)) };
    return await tallyPlan(this.#database, this.#times, { plan, range, interval });
  }

  close(): void {
    this.#database.close();
  }

  /** Whether rows are marked as deleted, whose tokens leave the file only when it is written anew. */
  get #isRowRemoved(): boolean {
    return readMeta(this.#database, REMOVED) === 1;
  }

  /** Within a transaction. */
  #untime(indexes: readonly number[]): void {
    for (const index of indexes) this.#times.note(index, undefined);
    this.#times.flush();
    this.#times.dropEmpty(indexes, this.position());
  }

  #plan(query: Query): QueryPlan {
    return planQuery(query, { key: this.#key, shapes: this.#shapes });
  }

  #narrow(range: Range, { time }: QueryPlan): Range {
    return time === undefined ? range : this.#times.narrow(range, time);
  }
}

function selectRows(order: SearchOrder, withTime: boolean): string {
  return `SELECT rowid FROM postings WHERE postings MATCH $expression AND rowid >= $from AND rowid <= $to
    ${withTime ? `AND ${TIME_CONDITION}` : ''}
    ORDER BY rowid ${order === 'asc' ? 'ASC' : 'DESC'} LIMIT $limit`;
}

function beyond(range: Range, order: SearchOrder, after: number | undefined): Range {
  if (after === undefined) return range;
  return order === 'asc'
    ? { from: Math.max(range.from, after + 1), to: range.to }
    : { from: range.from, to: Math.min(range.to, after - 1) };
}

/** As a bigint: SQLite uses only integers as bounds of a full-text scan, and a number arrives there as a real. */
function toRow(index: number): bigint {
  return BigInt(Math.trunc(Math.min(Math.max(index, -1), EVERYWHERE.to))) + 1n;
}

/** Milliseconds since the epoch. */
function timeOf(document: JsonObject): number | undefined {
  const timestamp = document['@timestamp'];
  if (typeof timestamp !== 'string') return undefined;
  if (RECORD_TIME.test(timestamp)) return Date.parse(`${timestamp.slice(0, MILLISECONDS_LENGTH)}Z`);
  const instant = parseInstant(timestamp);
  return instant === undefined ? undefined : Number(instant / 1_000_000n);
}
