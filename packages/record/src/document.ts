import type { AuditRecord, Openings } from './audit-record.ts';
import { RecordError } from './errors.ts';
import type { JsonObject } from './json.ts';

/** `audit.integrity` of an opened document. */
export interface DocumentIntegrity {
  /** The record's leaf hash, lower-case hex. */
  hash: string;
  /** Size of the checkpoint that covered the record when it was indexed. */
  checkpointSize: number;
}

export function openDocument(
  record: AuditRecord | JsonObject,
  openings: Openings,
  integrity: DocumentIntegrity,
): JsonObject {
  throw new RecordError('document_malformed', `${typeof record} ${typeof openings} ${integrity.hash}`);
}

export function closeDocument(document: JsonObject): {
  record: JsonObject;
  openings: Openings;
  integrity: DocumentIntegrity;
} {
  throw new RecordError('document_malformed', typeof document);
}

/** Openings as the journal and the vault keep them. */
export function parseOpenings(bytes: Uint8Array): Openings {
  throw new RecordError('record_malformed', `${bytes.length}`);
}

/** A record, checked to be canonical and to have the members that every record has. */
export function parseRecord(bytes: Uint8Array): AuditRecord {
  throw new RecordError('record_malformed', `${bytes.length}`);
}
