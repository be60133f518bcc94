import type { CommitmentGroup } from './audit-record.ts';
import type { JsonObject } from './json.ts';

/** Who acted. An issuer's name for a subject is unique only together with the issuer. */
export interface DraftSubject {
  /** The `iss` claim; empty for the service itself and where no issuer is known. */
  issuer: string;
  /** The `sub` claim, or the service's name. */
  id: string;
  type: 'user' | 'service' | 'system';
}

/** The session that a record belongs to. */
export interface DraftSession {
  /** The `iss` claim; empty for a session that the sender names and nobody verified. */
  issuer: string;
  /** `session.id` as the instrumentation wrote it. */
  id: string;
}

/**
 * A record before references, salts and its place in the log: what {@link mapSpan} makes of a span, and what
 * {@link buildEntryBatch} turns into canonical bytes.
 */
export interface RecordDraft {
  /** `audit.record.id`. */
  id: string;
  /** Whom `audit.actor.id` will refer to. */
  subject?: DraftSubject;
  /** What `audit.session.id` will refer to; absent where the span ran under no session. */
  session?: DraftSession;
  /** The producer's numbering, where it gave one. */
  producer?: { streamId: string; number: number };
  /** The record without `audit.actor`, `audit.session`, `audit.commitments` and `audit.ledger`. */
  clear: JsonObject;
  /** What is committed to and not shown, nested as it stands in the opened document. */
  groups: Partial<Record<CommitmentGroup, JsonObject>>;
}
