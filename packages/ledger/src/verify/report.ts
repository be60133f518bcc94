import type { KeyState, LogKey } from './key-history.ts';
import type { Assurance } from './assurance.ts';
import type { VerificationFailure } from './failures.ts';
import type { ProducerReport } from './producer-sequences.ts';
import type { VerificationWarning } from './warnings.ts';

/** The most producers that a report lists, and the most holes of each. */
export const MAX_REPORTED_PRODUCERS = 1_000;

/** A checkpoint as a report shows it. */
export interface ReportedCheckpoint {
  size: number;
  /** Root hash, base64. */
  root: string;
  /** Names of the keys whose signature is good. */
  signers: string[];
}

/**
 * What a log's entries are taken for. `records`: audit records, whose canonical form, index, origin, hash chain and
 * producer's sequence are checked; `opaque`: bytes, of which nothing is checked but that they are the tree's.
 */
export type EntryKind = 'records' | 'opaque';

/** A key of the log as a report shows it. */
export interface ReportedKey {
  vkey: string;
  state: KeyState;
  /** The first size at which its signatures count. */
  from: number;
  /** The first size at which they count no more; absent while it is active. */
  until?: number;
}

/** The key of a log, without what only a verifier needs. */
export function reportKey({ vkey, state, from, until }: LogKey): ReportedKey {
  return { vkey, state, from, ...(until === undefined ? {} : { until }) };
}

/** What `verifyLedger` finds. */
export interface VerificationReport {
  /** True if and only if there is no failure. */
  ok: boolean;
  /** The log's name, from its verification key; from its checkpoint where the key cannot be read. */
  origin: string;
  /** How many entries the checkpoint covers; 0 if there is none that can be read. */
  size: number;
  /** The root of the stored entries, base64; empty if it cannot be computed because some are missing. */
  root: string;
  /** What was checked of the entries: of `opaque` ones neither the hash chain nor anything else in them. */
  entries: EntryKind;
  /** Entries that were read and have no failure of their own. */
  verified: number;
  /** Entries that are not there any more, as the log itself states: their hashes are in the tree. */
  pruned: number;
  /** Absent if there is none that can be read. */
  checkpoint?: ReportedCheckpoint;
  /** The log's keys, the first one first: those that the given key leads to. */
  keys: ReportedKey[];
  /** How many of the checkpoints given as `known` the log continues. */
  knownVerified: number;
  /** How many of the anchors the log continues. */
  anchorsVerified: number;
  /** How many checkpoints of the log's own history agree with it; 0 for a log that keeps none. */
  historyVerified: number;
  /** How far the result reaches. */
  assurance: Assurance;
  /** At most {@link MAX_REPORTED_PRODUCERS}, those with holes or duplicates first. */
  producers: ProducerReport[];
  producersTotal: number;
  failures: VerificationFailure[];
  failuresTotal: number;
  warnings: VerificationWarning[];
  warningsTotal: number;
  elapsedMs: number;
}

/** What `verifyDocument` finds. */
export interface DocumentReport {
  /** True if and only if there is no failure. */
  ok: boolean;
  /** The log's name, from its verification key; from the checkpoint where the key cannot be read. */
  origin: string;
  /** `audit.record.id`, as far as the document has one. */
  id?: string;
  /** The record's index, as the proof states it. */
  index?: number;
  /** The record's hash as computed, lower-case hex. */
  hash?: string;
  /** Absent if the proof holds none that can be read. */
  checkpoint?: ReportedCheckpoint;
  /** Groups whose value is in the document and is what the record committed to. */
  opened: string[];
  /** Groups that the record committed to and whose value is not in the document (erased, or withheld). */
  closed: string[];
  /** How far the result reaches. */
  assurance: Assurance;
  failures: VerificationFailure[];
  failuresTotal: number;
}
