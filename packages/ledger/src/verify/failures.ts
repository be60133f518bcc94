/** Every way in which a verification can fail; {@link FAILURE_MEANINGS} has a line about each. */
export type VerificationFailureCode =
  | 'vkey_malformed'
  | 'vkey_unknown'
  | 'keys_malformed'
  | 'key_statement_forged'
  | 'key_statement_foreign'
  | 'key_statement_misplaced'
  | 'key_statement_contradictory'
  | 'key_statement_missing'
  | 'read_failed'
  | 'checkpoint_missing'
  | 'checkpoint_malformed'
  | 'checkpoint_key_unknown'
  | 'checkpoint_key_outdated'
  | 'checkpoint_signature_invalid'
  | 'origin_mismatch'
  | 'root_mismatch'
  | 'checkpoint_rolled_back'
  | 'history_missing'
  | 'history_malformed'
  | 'history_inconsistent'
  | 'known_checkpoint_invalid'
  | 'known_checkpoint_ahead'
  | 'known_checkpoint_inconsistent'
  | 'anchor_invalid'
  | 'anchor_ahead'
  | 'anchor_inconsistent'
  | 'witness_key_malformed'
  | 'cosignature_invalid'
  | 'quorum_missing'
  | 'bundle_missing'
  | 'minimum_index_wrong'
  | 'bundle_malformed'
  | 'tile_missing'
  | 'tile_malformed'
  | 'tile_altered'
  | 'tile_mismatch'
  | 'entry_altered'
  | 'leaf_mismatch'
  | 'entry_missing'
  | 'entry_inserted'
  | 'entry_duplicated'
  | 'entry_misplaced'
  | 'entry_malformed'
  | 'entry_index_wrong'
  | 'previous_mismatch'
  | 'document_malformed'
  | 'document_hash_mismatch'
  | 'document_index_mismatch'
  | 'document_size_mismatch'
  | 'commitment_mismatch'
  | 'proof_malformed'
  | 'inclusion_unproven';

/** What each failure code means, as one sentence. */
export const FAILURE_MEANINGS: Readonly<Record<VerificationFailureCode, string>> = {
  vkey_malformed: 'The verification key that was given cannot be read, so no signature could be checked.',
  vkey_unknown: 'The verification key that was given is none of those that the log states to be its own.',
  keys_malformed: 'The statements about the log’s keys cannot be read: they were changed or damaged.',
  key_statement_forged: 'A key statement is not signed by both keys, the old one and the new one.',
  key_statement_foreign: 'A key statement is about the keys of another log.',
  key_statement_misplaced:
    'A key statement does not follow the one before it: some were removed, repeated or put into another order.',
  key_statement_contradictory: 'A key statement contradicts the ones before it.',
  key_statement_missing:
    'An entry of the log is a key statement that the log’s list of them lacks: the list was cut, perhaps to make an old key count again.',
  read_failed: 'A file could not be read, so that nothing can be said about it.',

  checkpoint_missing: 'The log has no checkpoint, so that nothing states how long it is.',
  checkpoint_malformed:
    'The checkpoint is not a signed note that carries a checkpoint: it was changed or damaged.',
  checkpoint_key_unknown: 'The checkpoint is not signed by the verification key that was given.',
  checkpoint_key_outdated:
    'The checkpoint is signed only by a key whose signatures do not count at its size.',
  checkpoint_signature_invalid:
    'The signature does not belong to the checkpoint: one of the two was changed.',
  origin_mismatch: 'Two names of the log differ: of the verification key, the checkpoint and the entry.',
  root_mismatch: 'The checkpoint states another tree than the one that is stored.',
  checkpoint_rolled_back: 'The log has published a larger checkpoint than the one that it shows.',
  history_missing:
    'The log has no history of published checkpoints: it was removed, perhaps to cut the log back.',
  history_malformed: 'The history of published checkpoints cannot be read: it was changed or damaged.',
  history_inconsistent: 'A published checkpoint states another tree than the one that is stored.',
  known_checkpoint_invalid: 'A checkpoint that was given for comparison is not one that this log has signed.',
  known_checkpoint_ahead: 'The log is shorter now than it was when it signed an earlier checkpoint.',
  known_checkpoint_inconsistent: 'The log is no continuation of what an earlier checkpoint stated.',
  anchor_invalid: 'An anchor is not a checkpoint that this log has signed.',
  anchor_ahead: 'The log is shorter now than it was when a checkpoint of it was anchored: it was cut back.',
  anchor_inconsistent: 'The log is no continuation of what an anchor states: it was written anew.',
  witness_key_malformed:
    'The key of a witness that was given cannot be used, so this witness counts for nothing.',
  cosignature_invalid: 'A line that names a known witness is not its signature over this checkpoint.',
  quorum_missing: 'Fewer of the known witnesses signed the checkpoint than are demanded.',

  bundle_missing:
    'Entries that the checkpoint covers are not there, and the log does not say that they were pruned.',
  minimum_index_wrong:
    'The log publishes another minimum index than its entries state: readers are to pass over entries that were not pruned.',
  bundle_malformed:
    'A file of entries is not a sequence of length-prefixed entries: it was changed or damaged.',
  tile_missing: 'A file of hashes that the checkpoint covers is not there.',
  tile_malformed: 'A file of hashes does not have the length it must have.',
  tile_altered: 'Hashes in a tile were changed: the tree over and under them does not agree with them.',
  tile_mismatch:
    'A hash in a tile is not that of what lies beneath, and nothing tells which of the two was changed.',

  entry_altered: 'An entry was changed after it was written: its hash is not the one in the proven tree.',
  leaf_mismatch:
    'The hash of an entry is not the one in its tile, and nothing tells which of the two was changed.',
  entry_missing: 'An entry was removed from between others.',
  entry_inserted: 'An entry stands between others that the tree does not contain.',
  entry_duplicated: 'An entry stands a second time.',
  entry_misplaced: 'An entry of this log stands at another place than its own.',
  entry_malformed: 'An entry is not a canonical audit record.',
  entry_index_wrong: 'An entry states another index than the one at which it stands.',
  previous_mismatch: 'The hash chain is broken: an entry does not name the hash of the entry before it.',

  document_malformed: 'The document is not a record with opened groups, or has members that nothing covers.',
  document_hash_mismatch: 'The record in the document has another hash than the document states.',
  document_index_mismatch: 'The proof is for another index than the one the record states.',
  document_size_mismatch: 'The proof leads to another checkpoint than the one the document states.',
  commitment_mismatch: 'An opened group is not what the record committed to.',
  proof_malformed: 'The proof cannot be read.',
  inclusion_unproven: 'The proof does not lead from this record to the root of the checkpoint.',
};

/** All failure codes. */
export const FAILURE_CODES: readonly VerificationFailureCode[] = Object.keys(FAILURE_MEANINGS).filter(
  (code): code is VerificationFailureCode => code in FAILURE_MEANINGS,
);

/** Where something was found. */
export interface FindingPlace {
  /** Index of the entry in the log, of the first where it is about several. */
  index?: number;
  /** The file, relative to the log's prefix. */
  path?: string;
  /** The field of the record or document, in dotted notation. */
  field?: string;
}

/** One thing that does not hold. */
export interface VerificationFailure {
  code: VerificationFailureCode;
  place: FindingPlace;
  /** What was found at this place, as one sentence. */
  detail: string;
}

/** The most failures that a report lists; it counts all. The first of each code is always listed. */
export const MAX_REPORTED_FAILURES = 1_000;

/** Gathers failures in bounded memory. */
export class FailureList {
  readonly #listed: VerificationFailure[] = [];
  readonly #codes = new Set<VerificationFailureCode>();
  #total = 0;

  /** How many there are, listed or not. */
  get total(): number {
    return this.#total;
  }

  /** Those that are listed, in the order in which they were found. */
  get listed(): VerificationFailure[] {
    return [...this.#listed];
  }

  /** Forgets what it holds and takes these, of so many. */
  restore(listed: readonly VerificationFailure[], total: number): void {
    this.#listed.splice(0, this.#listed.length, ...listed);
    this.#codes.clear();
    for (const { code } of listed) this.#codes.add(code);
    this.#total = total;
  }

  /** Adds one. */
  add(code: VerificationFailureCode, place: FindingPlace, detail: string): void {
    this.#total += 1;
    // Room is kept for the first of each code, so that a thousand damaged entries never hide a wrong root.
    const isFirst = !this.#codes.has(code);
    if (!isFirst && this.#listed.length >= MAX_REPORTED_FAILURES - FAILURE_CODES.length) return;
    this.#codes.add(code);
    this.#listed.push({ code, place, detail });
  }
}
