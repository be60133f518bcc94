import { COMMITMENT_GROUPS } from './audit-record.ts';
import type { AuditRecord, CommitmentGroup, Openings } from './audit-record.ts';
import { RecordError } from './errors.ts';
import { pathTree } from './fields.ts';
import type { FieldGroup, PathNode } from './fields.ts';
import { emptyObject, isJsonObject } from './json-object.ts';
import type { JsonObject, JsonValue } from './json.ts';

/** `audit.integrity` of an opened document. */
export interface DocumentIntegrity {
  /** The record's leaf hash, lower-case hex. */
  hash: string;
  /** Size of the checkpoint that covered the record when it was indexed. */
  checkpointSize: number;
}

/** An opened document, taken apart. */
export interface ClosedDocument {
  /** What the ledger holds; its canonical bytes give the hash. */
  record: JsonObject;
  openings: Openings;
  integrity: DocumentIntegrity;
}

/**
 * Puts a record and its opened groups together into what is indexed and shown: the groups' values at their own
 * places, their salts at `audit.openings.<group>.salt`, and `audit.integrity.{hash,checkpoint_size}`.
 *
 * @param openings - The groups that are not erased.
 * @returns A new object; the arguments are left as they are, and shared where that is safe.
 * @throws RecordError `document_malformed` where a group's value stands at a place that the record has.
 */
export function openDocument(
  record: AuditRecord | JsonObject,
  openings: Openings,
  integrity: DocumentIntegrity,
): JsonObject {
  const document = copyOf(objectOf(record, 'record'));
  const present = objectOf(document['audit'], 'audit');
  if ('integrity' in present || 'openings' in present)
    throw malformed('The record has audit.integrity or audit.openings already.');
  const salts = emptyObject();
  for (const group of COMMITMENT_GROUPS) {
    const opening = openings[group];
    if (opening === undefined) continue;
    salts[group] = { salt: opening.salt };
    merge(document, opening.value, []);
  }
  const audit = copyOf(objectOf(document['audit'], 'audit'));
  document['audit'] = audit;
  audit['integrity'] = { checkpoint_size: integrity.checkpointSize, hash: integrity.hash };
  if (Object.keys(salts).length > 0) audit['openings'] = salts;
  return document;
}

/**
 * The exact inverse of {@link openDocument}. Each value goes back to the record or to its group by its path, so
 * whatever a document holds beyond what was put into it changes the record or an opening, and is noticed.
 *
 * @param document - From anywhere; nothing about it is trusted.
 * @throws RecordError `document_malformed` where `audit.integrity` is missing or is not what it should be.
 */
export function closeDocument(document: JsonObject): ClosedDocument {
  const record = emptyObject();
  const values: Partial<Record<FieldGroup, JsonObject>> = { clear: record };
  split(document, pathTree, [], values);
  const audit = copyOf(objectOf(record['audit'], 'audit'));
  record['audit'] = audit;
  const integrity = takeIntegrity(audit);
  const salts = takeSalts(audit);
  const openings: Openings = {};
  for (const group of COMMITMENT_GROUPS) {
    const salt = salts[group];
    const value = values[group];
    if (salt === undefined && value === undefined) continue;
    // One without the other opens no commitment; it is kept, so that the check of the commitment fails.
    openings[group] = { salt: salt ?? '', value: value ?? emptyObject() };
  }
  return { record, openings, integrity };
}

function takeIntegrity(audit: JsonObject): DocumentIntegrity {
  const integrity = objectOf(audit['integrity'], 'audit.integrity');
  const { hash, checkpoint_size: checkpointSize } = integrity;
  if (typeof hash !== 'string' || typeof checkpointSize !== 'number' || Object.keys(integrity).length !== 2) {
    throw malformed('audit.integrity must be {checkpoint_size, hash}.');
  }
  delete audit['integrity'];
  return { hash, checkpointSize };
}

/** Takes the salts out of `audit.openings`; whatever else is in there stays in the record and spoils its hash. */
function takeSalts(audit: JsonObject): Partial<Record<CommitmentGroup, string>> {
  const salts: Partial<Record<CommitmentGroup, string>> = {};
  if (!isJsonObject(audit['openings'])) return salts;
  const left = copyOf(audit['openings']);
  for (const group of COMMITMENT_GROUPS) {
    const member = left[group];
    if (!isJsonObject(member) || typeof member['salt'] !== 'string' || Object.keys(member).length !== 1)
      continue;
    salts[group] = member['salt'];
    delete left[group];
  }
  audit['openings'] = left;
  if (Object.keys(salts).length > 0 && Object.keys(left).length === 0) delete audit['openings'];
  return salts;
}

/** Puts each value into the object of its group, at the same path. */
function split(
  value: JsonObject,
  node: PathNode,
  path: string[],
  into: Partial<Record<FieldGroup, JsonObject>>,
): void {
  for (const [name, member] of Object.entries(value)) {
    const child = node.children.get(name);
    const here = [...path, name];
    if (
      child !== undefined &&
      child.children.size > 0 &&
      isJsonObject(member) &&
      Object.keys(member).length > 0
    ) {
      split(member, child, here, into);
    } else {
      put((into[(child ?? node).group] ??= emptyObject()), here, member);
    }
  }
}

function put(root: JsonObject, path: readonly string[], value: JsonValue): void {
  let object = root;
  for (const name of path.slice(0, -1)) {
    const member = object[name];
    // Only split makes these objects, and it meets each path once.
    object = isJsonObject(member) ? member : (object[name] = emptyObject());
  }
  object[path.at(-1) ?? ''] = value;
}

function merge(target: JsonObject, source: JsonObject, path: readonly string[]): void {
  for (const [name, value] of Object.entries(source)) {
    const present = target[name];
    const here = [...path, name];
    if (present === undefined) {
      target[name] = value;
    } else if (isJsonObject(present) && isJsonObject(value)) {
      const copy = copyOf(present);
      target[name] = copy;
      merge(copy, value, here);
    } else {
      throw malformed(`Two values for ${here.join('.')}.`);
    }
  }
}

function copyOf(object: JsonObject): JsonObject {
  return Object.assign(emptyObject(), object);
}

function objectOf(value: unknown, name: string): JsonObject {
  if (isJsonObject(value)) return value;
  throw malformed(`${name} must be an object.`);
}

function malformed(message: string): RecordError {
  return new RecordError('document_malformed', message);
}
