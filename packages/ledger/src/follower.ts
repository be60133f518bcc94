import type { LedgerReader } from './reader.ts';

/** Consecutive published entries. */
export interface FollowedBatch {
  /** The first entry's index. */
  first: number;
  /** The entries' canonical bytes. */
  entries: Uint8Array[];
}

/** How a follower follows. */
export interface FollowerOptions {
  /** Named in what it throws. */
  name: string;
  /** The index of the first entry that it has not processed. */
  from: number;
  /** Tells when more is published: the ledger. */
  ledger: FollowedLedger;
  /** Reads what is published. */
  reader: LedgerReader;
  /** The most entries of a batch; 1,024 if not given. */
  batchEntries?: number;
  /**
   * Takes a batch. The next one follows without a gap, after this has resolved; so the position, stored in the same
   * transaction as what was made of the batch, makes each entry count exactly once.
   */
  process: (batch: FollowedBatch) => Promise<void> | void;
  /** Ends the following. */
  signal: AbortSignal;
}

/** What a follower needs of a ledger. */
export interface FollowedLedger {
  sizes(): { published: number };
  published(size: number, signal?: AbortSignal): Promise<void>;
}

const DEFAULT_BATCH_ENTRIES = 1024;

/**
 * Follows the published log from a position on, batch by batch. Only what a checkpoint covers is followed, so nothing
 * has to be taken back.
 *
 * @returns resolves after the signal, once the batch under way has been processed
 * @throws what reading and `process` throw, and LedgerError `ledger_closed` if the ledger is closed first
 */
export async function runFollower(options: FollowerOptions): Promise<void> {
  const { ledger, reader, signal, process } = options;
  const batchEntries = options.batchEntries ?? DEFAULT_BATCH_ENTRIES;
  if (!Number.isSafeInteger(batchEntries) || batchEntries < 1) {
    throw new TypeError(`follower ${options.name}: batchEntries is ${batchEntries}`);
  }
  let next = options.from;
  while (!signal.aborted) {
    try {
      await ledger.published(next + 1, signal);
    } catch (error) {
      if (signal.aborted) return;
      throw error;
    }
    const first = next;
    const end = Math.min(ledger.sizes().published, first + batchEntries);
    await process({ first, entries: await reader.range(first, end) });
    next = end;
  }
}
