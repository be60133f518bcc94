import type { JsonObject, Openings } from '@spanledger/record';

import type { HistogramInterval, SearchOrder } from '../archive-types.ts';
import type { Follower } from '../follower.ts';
import type { Query } from './query/query.ts';

/** One record as an index takes it in. */
export interface IndexedRecord {
  /** Ledger index. */
  index: number;
  /** The record. */
  document: JsonObject;
  /** Opened groups of the record that `document` does not hold. */
  openings?: Openings;
}

/** A question to an index. */
export interface CandidateRequest {
  query: Query;
  order: SearchOrder;
  /** Only records beyond this ledger index, in the direction of `order`. */
  after?: number;
  /** How many candidates at most; at most {@link MAX_CANDIDATES}. */
  limit: number;
}

/** The most candidates that one call answers. */
export const MAX_CANDIDATES = 1024;

/** What an index answers: where to look, never what is there. */
export interface CandidatePage {
  /** Ledger indexes in the order asked for. Every matching record is among them; not all of them need match. */
  indexes: number[];
  /** False when there may be more beyond the last of `indexes`. */
  done: boolean;
  /** Where another index was to answer, and could not answer this question: who did. */
  answeredBy?: 'embedded';
}

/** A question to an index: how many records match. */
export interface TallyRequest {
  query: Query;
  /** Counts each stretch of time on its own. */
  interval?: HistogramInterval;
}

/** The most records that one tally leaves to be looked at. */
export const MAX_UNSURE = 20_000;

/** The most stretches of time that one tally tells apart. */
export const MAX_BUCKETS = 10_000;

/** What an index alone can tell of numbers. */
export interface Tally {
  /**
   * How many records match for sure, by the beginning of their stretch of time in milliseconds since the epoch; where
   * nobody asked for stretches, all at 0. Sure is what only a collision of 64-bit keyed hashes could make wrong.
   */
  sure: Map<number, number>;
  /** Ledger indexes of the newest records that may match beside those; at most {@link MAX_UNSURE}. */
  unsure: number[];
  /** How many may match beside these again. */
  others: number;
  /** Where another index was to answer, and could not answer this question: who did. */
  answeredBy?: 'embedded';
}

/** What can be asked of an index; an answer covers at least every record below the position. */
export interface SearchReader {
  /** The first ledger index that is not indexed. */
  position(): number;
  /** Finds where matching records may be. The answer may hold too many, never too few. */
  candidates(request: CandidateRequest): Promise<CandidatePage>;
  /**
   * Counts. Every matching record below the position is in `sure`, in `unsure` or among `others`, and in one of them.
   *
   * @throws ExporterError `request_malformed` where there are more stretches of time than {@link MAX_BUCKETS}
   */
  tally(request: TallyRequest): Promise<Tally>;
}

/**
 * Where a driver keeps what it indexed. `add` is atomic and durable together with the position.
 * test/contract/search-index runs the same suite on each driver.
 */
export interface SearchIndexDriver extends SearchReader {
  /**
   * Takes in records, in ascending order; none that was taken in before.
   *
   * @param position - the position from now on: just past the batch
   */
  add(records: readonly IndexedRecord[], position: number): Promise<void>;
  /** Notes that there are no such records, though the position is past them. */
  passOver(indexes: readonly number[]): Promise<void>;
  /**
   * Takes records out as if they had never been added; the position stays. What is not there is passed over.
   *
   * @param records - with their opened groups, for as long as they have any
   */
  remove(records: readonly IndexedRecord[]): Promise<void>;
  /**
   * Gets ready to forget what opened groups of records say, while they can be read: once this resolves they may be destroyed,
   * whatever ends the process. What is found stays the same.
   */
  prepareErasure(records: readonly IndexedRecord[]): Promise<void>;
  /** Forgets it: records are found as if they never had any opened groups. For what was not prepared nothing is done. */
  erase(indexes: readonly number[]): Promise<void>;
  /** Sees to it that what was erased or removed is in no file and no cache any more. After a removal it takes seconds. */
  settle(): void;
  close(): void;
}

/** An index that follows the published log and answers where records are. */
export interface SearchIndex extends Follower, SearchReader {
  /** Takes purged records out, all of them before the position: nothing leads to them any more. */
  purge?(records: readonly IndexedRecord[]): Promise<void>;
  /** Gets ready for {@link Follower.erase}, while the opened groups can be read: see {@link SearchIndexDriver.prepareErasure}. */
  prepareErasure?(records: readonly IndexedRecord[]): Promise<void>;
}

/** Says which records of a range were purged, by ledger index: an index that is built anew does not take them in. */
export type PurgedIn = (from: number, to: number) => ReadonlySet<number>;
