import type { HoldInForce, RetentionPlan } from '../retention/index.ts';

/** What the service asks the thread of the followers about retention. */
export interface RetentionQuestion {
  /**
   * - `plan`: what would be purged
   * - `step`: purge some of what is due
   * - `close`: have what was purged recorded; what was taken away is in no file any more afterwards, of the index within a day
   * - `close_at_once`: the same, of the index as well
   * - `prune`: drop what is known of nothing but entries that are not in the log any more
   * - `state`: nothing but how it stands
   */
  ask: 'plan' | 'step' | 'close' | 'close_at_once' | 'prune' | 'state';
  /** Milliseconds since the epoch. */
  nowMs: number;
  /** All that are in force. */
  holds: readonly HoldInForce[];
}

/** How retention stands. */
export interface RetentionState {
  /** The next moment at which a record is due, in milliseconds since the epoch; absent: none ever. */
  nextDueMs?: number;
  /** Nothing is purged by itself before; milliseconds since the epoch. */
  quietUntilMs: number;
  /** By how many milliseconds the clock is ahead of what the log knows; absent while it is believed. Nothing is purged by it. */
  clockLeadMs?: number;
  /** False while classes are told anew, after the configuration has changed. */
  isClassed: boolean;
  /** Every record before this ledger index was purged. */
  firstKept: number;
  /** Records that are marked as purged and not taken from everywhere yet. */
  underWay: number;
}

/** What it answers. */
export interface RetentionAnswer {
  state: RetentionState;
  /** Of `step`: how many records were purged. */
  purged?: number;
  /** Of `plan`. */
  plan?: RetentionPlan;
}
