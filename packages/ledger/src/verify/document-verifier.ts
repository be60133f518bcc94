import { sha256 } from '#crypto';
import {
  canonicalize,
  closeDocument,
  COMMITMENT_GROUPS,
  computeCommitment,
  encodeCanonical,
  openDocument,
  type CommitmentGroup,
  type DocumentIntegrity,
  type JsonObject,
  type JsonValue,
  type Openings,
} from '@spanledger/record';
import { checkCheckpoint, type CheckedCheckpoint } from './checkpoint-verifier.ts';
import type { Checkpoint } from './checkpoint.ts';
import { encodeBase64, encodeHex } from './encoding.ts';
import { FailureList } from './failures.ts';
import { readKeyHistory, type LogKeys } from './key-history.ts';
import { KnownWitnesses, type WitnessPolicy } from './known-witnesses.ts';
import { reportKeyProblems } from './log-keys.ts';
import { parseVerificationKey, type NoteVerificationKey } from './note.ts';
import type { DocumentReport } from './report.ts';
import { parseTlogProof, type TlogProof } from './tlog-proof.ts';
import { hashLeaf, verifyInclusion } from './tree.ts';

/** What {@link verifyDocument} needs. */
export interface VerifyDocumentOptions extends WitnessPolicy {
  /** The document, as it was copied out of an index: a record with its opened groups. */
  document: JsonObject;
  /** The record's proof of inclusion, a tlog-proof. */
  proof: string;
  /** The log's verification key, a signed-note vkey. Its name is the log's origin. */
  vkey: string;
  /**
   * The log's list of key statements, as its file `keys` has it. Needed where the log has changed its key since `vkey`,
   * or before: it leads from this key to all others.
   */
  keys?: string;
}

/** A document taken apart. */
interface ClosedDocument {
  record: JsonObject;
  openings: Openings;
  integrity: DocumentIntegrity;
}

/**
 * Verifies one document without asking anybody: that its opened groups are what the record committed to, that the
 * record has the hash that the document states, and that the proof leads from this hash to a checkpoint that the
 * log has signed. Every field of the document is covered by one of these.
 *
 * @returns a report, whatever the document and the proof hold
 * @throws TypeError if the quorum is not a number from 0 to that of the witnesses
 */
export function verifyDocument(options: VerifyDocumentOptions): DocumentReport {
  const { document, proof: proofText, vkey } = options;
  const failures = new FailureList();
  const key = parseVerificationKey(vkey);
  if (!key.ok) failures.add('vkey_malformed', {}, `The verification key cannot be read: ${key.detail}.`);
  const keys = key.ok ? readKeys(options.keys, key.value, failures) : undefined;
  const witnesses = new KnownWitnesses(options, keys?.keys ?? [], failures);
  const closed = closeStrictly(document, failures);
  const groups = closed === undefined ? { opened: [], closed: [] } : checkCommitments(closed, failures);
  const hash = closed && checkHash(closed, failures);
  const proof = parseTlogProof(proofText);
  if (!proof.ok) failures.add('proof_malformed', {}, `The proof cannot be read: ${proof.detail}.`);
  const checked = proof.ok ? checkProofCheckpoint(proof.value, keys, failures) : undefined;
  if (closed !== undefined && proof.ok) checkPlace(closed, proof.value, checked?.checkpoint, failures);
  if (proof.ok && hash !== undefined && checked?.checkpoint !== undefined) {
    checkInclusion(proof.value, hash, checked.checkpoint, failures);
  }
  const { checkpoint, note, signers = [] } = checked ?? {};
  if (checkpoint !== undefined && note !== undefined) witnesses.see(note, checkpoint.size, {});
  const assurance = witnesses.assess(checkpoint?.size);
  const id = lookUp(closed?.record, 'audit', 'record', 'id');
  return {
    ok: failures.total === 0,
    origin: key.ok ? key.value.name : (checkpoint?.origin ?? ''),
    ...(typeof id === 'string' ? { id } : {}),
    ...(proof.ok ? { index: proof.value.index } : {}),
    ...(hash === undefined ? {} : { hash: encodeHex(hash) }),
    ...(checkpoint === undefined
      ? {}
      : { checkpoint: { size: checkpoint.size, root: encodeBase64(checkpoint.root), signers } }),
    ...groups,
    assurance,
    failures: failures.listed,
    failuresTotal: failures.total,
  };
}

/** Takes a document apart, and puts it together again: what does not come back is covered by nothing. */
function closeStrictly(document: JsonObject, failures: FailureList): ClosedDocument | undefined {
  try {
    const closed = closeDocument(document);
    const { record, openings, integrity } = closed;
    if (canonicalize(openDocument(record, openings, integrity)) === canonicalize(document)) return closed;
    failures.add(
      'document_malformed',
      {},
      'The document holds something that neither record nor groups account for.',
    );
    return closed;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    failures.add('document_malformed', {}, `The document cannot be taken apart: ${reason}`);
    return undefined;
  }
}

function checkCommitments(
  { record, openings }: ClosedDocument,
  failures: FailureList,
): { opened: CommitmentGroup[]; closed: CommitmentGroup[] } {
  const groups: { opened: CommitmentGroup[]; closed: CommitmentGroup[] } = { opened: [], closed: [] };
  for (const group of COMMITMENT_GROUPS) {
    const committed = lookUp(record, 'audit', 'commitments', group);
    const opening = openings[group];
    const place = { field: `audit.commitments.${group}` };
    if (opening === undefined) {
      if (committed !== undefined) groups.closed.push(group);
    } else if (committed === undefined) {
      failures.add(
        'commitment_mismatch',
        place,
        `The record committed to no ${group} group, the document has one.`,
      );
    } else if (commit(group, opening) === committed) {
      groups.opened.push(group);
    } else {
      const detail = `The ${group} group in the document is not the one that the record committed to.`;
      failures.add('commitment_mismatch', place, detail);
    }
  }
  return groups;
}

function commit(group: CommitmentGroup, opening: NonNullable<Openings[CommitmentGroup]>): string | undefined {
  try {
    return computeCommitment(group, opening, sha256);
  } catch {
    // Without canonical form it is nothing that could have been committed to.
    return undefined;
  }
}

function checkHash({ record, integrity }: ClosedDocument, failures: FailureList): Uint8Array | undefined {
  const place = { field: 'audit.integrity.hash' };
  let hash: Uint8Array;
  try {
    hash = hashLeaf(encodeCanonical(record));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    failures.add('document_malformed', {}, `The record has no canonical form: ${reason}`);
    return undefined;
  }
  if (encodeHex(hash) !== integrity.hash) {
    const detail = `The record's hash is ${encodeHex(hash)}, the document states ${show(integrity.hash)}.`;
    failures.add('document_hash_mismatch', place, detail);
  }
  return hash;
}

function readKeys(text: string | undefined, trusted: NoteVerificationKey, failures: FailureList): LogKeys {
  const history = readKeyHistory(text, trusted);
  reportKeyProblems(history, failures);
  return history.keys;
}

function checkProofCheckpoint(
  proof: TlogProof,
  keys: LogKeys | undefined,
  failures: FailureList,
): CheckedCheckpoint {
  const checked = checkCheckpoint(proof.checkpoint, keys);
  for (const { code, detail } of checked.problems) failures.add(code, {}, detail);
  return checked;
}

/** That document and proof speak of the same place in the same log. */
function checkPlace(
  { record, integrity }: ClosedDocument,
  proof: TlogProof,
  checkpoint: Checkpoint | undefined,
  failures: FailureList,
): void {
  const index = lookUp(record, 'audit', 'ledger', 'index');
  if (index !== proof.index) {
    const detail = `The proof is for entry ${proof.index}, the record states ${show(index)}.`;
    failures.add('document_index_mismatch', { field: 'audit.ledger.index' }, detail);
  }
  if (checkpoint === undefined) return;
  if (integrity.checkpointSize !== checkpoint.size) {
    const place = { field: 'audit.integrity.checkpoint_size' };
    const detail = `The proof's checkpoint covers ${checkpoint.size} entries, the document states ${show(integrity.checkpointSize)}.`;
    failures.add('document_size_mismatch', place, detail);
  }
  const origin = lookUp(record, 'audit', 'ledger', 'origin');
  if (origin !== checkpoint.origin) {
    const detail = `The checkpoint is of ${show(checkpoint.origin)}, the record states ${show(origin)}.`;
    failures.add('origin_mismatch', { field: 'audit.ledger.origin' }, detail);
  }
}

function checkInclusion(
  proof: TlogProof,
  hash: Uint8Array,
  { size, root }: Checkpoint,
  failures: FailureList,
): void {
  const { index, hashes } = proof;
  if (verifyInclusion({ index, size, leafHash: hash, hashes }, root)) return;
  const detail = `From this record at index ${index}, the proof does not lead to the root at size ${size}.`;
  failures.add('inclusion_unproven', { index }, detail);
}

/** A member of a member; undefined where one of them is not there. */
function lookUp(value: JsonValue | undefined, ...names: string[]): JsonValue | undefined {
  let member = value;
  for (const name of names) {
    if (typeof member !== 'object' || member === null || Array.isArray(member)) return undefined;
    member = Object.hasOwn(member, name) ? member[name] : undefined;
  }
  return member;
}

function show(value: unknown): string {
  return value === undefined ? 'nothing' : (JSON.stringify(value) ?? typeof value).slice(0, 200);
}
