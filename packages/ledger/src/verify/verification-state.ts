/**
 * How far a verification has come, as a text to go on from:
 *
 *     spanledger.verification-state/v3
 *     <SHA-256 of the third line, hexadecimal>
 *     <JSON>
 *
 * It holds what the rest of the verification needs of what was walked: the position, the edge of the tree up to it, the
 * end of the chain, the producers' sequences, and what was found beside failures. There is no state after a failure
 * that the walk has found: who goes on from the last one finds it again.
 *
 * The digest tells a damaged text. It does not tell a forged one: a state is to be kept like the key that one trusts.
 */
import { sha256 } from '#crypto';
import { CompactRange } from './compact-range.ts';
import { decodeHex, encodeHex, encodeUtf8 } from './encoding.ts';
import type { VerificationFailure } from './failures.ts';
import type { SeenState } from './known-witnesses.ts';
import type { LoggedStatement } from './log-keys.ts';
import type { PrunedState } from './pruned-entries.ts';
import type { SequencesState } from './producer-sequences.ts';
import { HASH_BYTES, TILE_WIDTH } from './tile.ts';
import type { VerificationWarning } from './warnings.ts';

const FIRST_LINE = 'spanledger.verification-state/v3';

/** The state of a verification. */
export interface VerificationState {
  /** A digest of the options that the report depends on. */
  binding: string;
  /** The signed note that the log is held against. */
  note: string;
  /** Entries that were walked, a multiple of 256. */
  position: number;
  /** Roots of the complete subtrees up to the position, hexadecimal, from left to right. */
  peaks: string[];
  /** The last entry's leaf hash, hexadecimal. */
  lastHash: string;
  historyVerified: number;
  witnesses: SeenState[];
  keyStatements: LoggedStatement[];
  sequences: SequencesState;
  pruned: PrunedState;
  failures: VerificationFailure[];
  failuresTotal: number;
  warnings: VerificationWarning[];
  warningsTotal: number;
}

/** A state cannot be gone on from: it is damaged, or of another log, key or set of options. Start without it. */
export class StateRefusedError extends Error {
  /** @param detail why, as a clause */
  constructor(detail: string) {
    super(`the verification cannot go on from its state: ${detail}`);
    this.name = 'StateRefusedError';
  }
}

/** What a state is bound to: any JSON value. */
export function digestOf(value: unknown): string {
  return encodeHex(sha256(encodeUtf8(JSON.stringify(value))));
}

/** Writes a state. */
export function formatState(state: VerificationState): string {
  const json = JSON.stringify(state);
  return `${FIRST_LINE}\n${encodeHex(sha256(encodeUtf8(json)))}\n${json}\n`;
}

/**
 * Reads what {@link formatState} writes.
 *
 * @param binding what it has to be bound to
 * @throws StateRefusedError if it is damaged, or bound to something else
 */
export function readState(text: string, binding: string): VerificationState {
  const [first, digest, json, rest, ...more] = text.split('\n');
  if (first !== FIRST_LINE || json === undefined || rest !== '' || more.length > 0)
    throw new StateRefusedError('it is no such state, or of another version');
  if (encodeHex(sha256(encodeUtf8(json))) !== digest)
    throw new StateRefusedError('it was changed or damaged');
  const value: unknown = JSON.parse(json);
  if (!isState(value)) throw new StateRefusedError('it is no such state, or of another version');
  if (value.binding !== binding)
    throw new StateRefusedError('it is of a verification with another key or other options');
  return value;
}

/**
 * What was walked.
 *
 * @throws StateRefusedError if that is nothing that a walk can be taken up from
 */
export function walkedBefore({ position, peaks }: VerificationState): CompactRange {
  const hashes = peaks.map(decodeHex).filter((hash) => hash?.length === HASH_BYTES);
  const range = CompactRange.of(
    position,
    hashes.filter((hash) => hash !== undefined),
  );
  if (range === undefined || range.size % TILE_WIDTH !== 0)
    throw new StateRefusedError('its edge of the tree does not belong to its position');
  return range;
}

/** The digest vouches for the rest: whoever wrote it wrote all of it. */
function isState(value: unknown): value is VerificationState {
  return (
    typeof value === 'object' &&
    value !== null &&
    ['binding', 'position', 'peaks', 'lastHash', 'sequences', 'pruned', 'failures', 'warnings'].every(
      (name) => name in value,
    ) &&
    'position' in value &&
    Number.isSafeInteger(value.position)
  );
}
