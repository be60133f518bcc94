import type { JsonObject, Openings } from '@spanledger/record';

import type { SearchOrder } from '../archive-types.ts';
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
}

/**
 * Where a driver keeps what it indexed. `add` is atomic and durable together with the position; an answer covers at
 * least every record below the position. test/contract/search-index runs the same suite on each driver.
 */
export interface SearchIndexDriver {
  /** The first ledger index that is not indexed. */
  position(): number;
  /**
   * Takes in records, in ascending order. A record that was taken in before is replaced, with all its tokens.
   *
   * @param position - the position from now on: just past the batch, or as it was where records are only replaced
   */
  add(records: readonly IndexedRecord[], position: number): Promise<void>;
  /** Finds where matching records may be. The answer may hold too many, never too few. */
  candidates(request: CandidateRequest): Promise<CandidatePage>;
  close(): void;
}

/** An index that follows the published log and answers where records are. */
export interface SearchIndex extends Follower {
  candidates(request: CandidateRequest): Promise<CandidatePage>;
}
