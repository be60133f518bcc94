import type { AuditRecord, JsonObject } from '@spanledger/record';

import type { Outbox } from './outbox/index.ts';

/** Entries of the published log, in order. */
export interface FollowedBatch {
  /** Ledger index of the first entry. */
  first: number;
  /** Canonical bytes of the records, with `audit.ledger`. */
  entries: readonly Uint8Array[];
}

/** What is to be forgotten: the records of a person, whose opened groups are not there any more. */
export interface ErasedRecords {
  /** `audit.actor.id` of the person. */
  actor: string;
  /** `audit.session.id`s of the person. */
  sessions: readonly string[];
  /** The records, without their opened groups, in order: those of the person, and those without a subject in the same traces. */
  records: readonly { index: number; record: AuditRecord & JsonObject }[];
}

/**
 * Something that follows the published log from a stored position. It commits what it made of a batch and the new
 * position together, so that a batch is never half taken in; it may be deleted and rebuilt from the log at any time.
 */
export interface Follower {
  /** For logs and status: `index`, `sessions`. */
  readonly name: string;
  /** Somebody waits for what comes of it: the others give way to it, where there is not enough for all. */
  readonly isUrgent?: boolean;
  /** The first ledger index that it has not taken in. */
  position(): number;
  /** Takes in one batch that begins at {@link Follower.position}. A rejection is retried with the same entries. */
  process(batch: FollowedBatch): Promise<void>;
  /** What it derived from the records and the ledger does not hold yet; absent where it derives nothing. */
  readonly outbox?: Outbox;
  /**
   * Called about once a second while it has taken in all that is published, and never beside {@link Follower.process}:
   * for what comes about by time alone. It derives nothing that it does not write to its outbox, and a rebuild, which
   * has no ticks, takes it from the ledger.
   *
   * @param nowMs - milliseconds since the epoch
   */
  tick?(nowMs: number): Promise<void> | void;
  /**
   * Forgets what it knows from opened groups of records that it has taken in, as if they never had any: also rows that
   * are sealed, and what it remembers. Called for some records of a person after the other; may be called again.
   */
  erase?(erased: ErasedRecords): Promise<void> | void;
  /** After {@link Follower.erase}: sees to it that it is in no file any more. */
  settleErasure?(): void;
  /**
   * Drops what it knows of nothing but records below a ledger index, which are not in the log any more. Never called
   * beside {@link Follower.process}; may be called again.
   */
  prune?(minimumIndex: number): void;
  /** Releases files; nothing is called afterwards. */
  close(): void;
}
