import { hash } from 'node:crypto';
import { COMMITMENT_GROUPS, computeCommitment } from '@spanledger/record';
import type { AuditRecord, CommitmentGroup, Openings } from '@spanledger/record';

/** Opened groups, told apart by whether the record commits to them. */
export interface MatchedOpenings {
  /** What the record commits to. */
  openings: Openings;
  /** What it does not: of another record, or changed. */
  foreign: CommitmentGroup[];
}

/** Keeps of the opened groups those that a record commits to: a missing group is better than another person's. */
export function matchingOpenings(record: Pick<AuditRecord, 'audit'>, openings: Openings): MatchedOpenings {
  const matching: Openings = {};
  const foreign: CommitmentGroup[] = [];
  for (const group of COMMITMENT_GROUPS) {
    const opening = openings[group];
    if (opening === undefined) continue;
    if (record.audit.commitments?.[group] === computeCommitment(group, opening, sha256)) {
      matching[group] = opening;
    } else {
      foreign.push(group);
    }
  }
  return { openings: matching, foreign };
}

function sha256(bytes: Uint8Array): Uint8Array {
  return hash('sha256', bytes, 'buffer');
}
