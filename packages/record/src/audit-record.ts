import type { JsonObject } from './json.ts';

/** The version written to `audit.schema.version`; it changes when a field changes its meaning or its place. */
export const AUDIT_SCHEMA_VERSION = '1.0.0';

/** The Elastic Common Schema version that the records follow. */
export const ECS_VERSION = '9.1.0';

/** The groups of values that never stand in the hashed bytes, only their commitments do. */
export type CommitmentGroup = 'identity' | 'network' | 'content';

/** All commitment groups, in the order in which they appear in a record. */
export const COMMITMENT_GROUPS: readonly CommitmentGroup[] = ['content', 'identity', 'network'];

/** `event.outcome` and `audit.outcome`. */
export type Outcome = 'success' | 'failure' | 'unknown';

/** How grave an alert is. */
export type AlertSeverity = 'low' | 'medium' | 'high' | 'critical';

/** What has become of an alert. */
export type AlertStatus = 'open' | 'acknowledged' | 'resolved';

/** `audit.alert`. */
export interface AlertFields {
  /** Names the alert in all of its records. */
  id: string;
  status: AlertStatus;
  severity: AlertSeverity;
  /** How many records it rests on. */
  count: number;
  /** `@timestamp` of the earliest of them. */
  first: string;
  /** `@timestamp` of the latest of them. */
  last: string;
}

/** `audit.policy`. */
export interface PolicyFields {
  /** How much of the record was kept; `none` in the record of what was left out. */
  level?: 'none' | 'metadata' | 'request' | 'full';
  /** Name of the class after which retention is decided. */
  retention?: string;
  /** The rule that matched first; `default` where none did. */
  rule?: string;
  /** What an alert that rests on the record is to count as. */
  severity?: 'low' | 'medium' | 'high' | 'critical';
  /** Of the policy in force: SHA-256 of its file, hex. */
  sha256: string;
  /** Of `policy.skipped`: how many spans, and which numbers of which producer; see `readSkippedNumbers`. */
  skipped?: { count: number; numbers?: number[]; stream_id?: string };
  /** What does not fit the routes and scopes that the policy declares. */
  violations?: string[];
}

/** The most record ids that `audit.evidence.records` names. */
export const MAX_EVIDENCE_RECORDS = 32;

/** `audit.evidence`: the records that a derived record rests on. */
export interface EvidenceFields {
  /** `audit.record.id` of at most {@link MAX_EVIDENCE_RECORDS} of them, the earliest first. */
  records: string[];
  /** How many there are. */
  count: number;
  /** Ledger index of the first of them. */
  first_index: number;
  /** Ledger index of the last of them. */
  last_index: number;
}

/**
 * One entry of the ledger, as its RFC 8785 bytes parse. Field names follow the Elastic Common Schema and, under
 * `audit.*`, OpenTelemetry's draft Audit Logging signal (OTEP 0267). docs/record-format.md explains each.
 */
export interface AuditRecord {
  /** Start of the span or time of the event: RFC 3339, UTC, nine fraction digits. */
  '@timestamp': string;
  audit: {
    /** Upper-case verb: READ, CREATE, UPDATE, DELETE, EXECUTE, LOGIN, LOGOUT, ISSUE, REFRESH, REVOKE, REJECT … */
    action: string;
    /** Random reference of the subject; who it is, only the vault knows. */
    actor: { id: string; type: 'user' | 'service' | 'system' };
    /** Of an alert, and of what people did with it. */
    alert?: AlertFields;
    /** base64url(SHA-256(JCS({"group","salt","value"}))) for each group that is not empty. */
    commitments?: Partial<Record<CommitmentGroup, string>>;
    /** Of a record that the service derived from others: which ones it rests on. */
    evidence?: EvidenceFields;
    /** Of the erasure of a subject: who asked and who approved, and what went. */
    erasure?: {
      id: string;
      requested_by: string;
      approved_by?: string;
      before?: number;
      records?: number;
      companions?: number;
      mentions?: number;
      sessions?: number;
      documents?: number;
    };
    /** Of a legal hold that was set or released. */
    hold?: { id: string; kind: 'subject' | 'session' | 'query' | 'time'; by: string };
    /** Of a change of the key-encryption key: where it was and is kept, and how many keys were wrapped anew. */
    kek?: {
      from: 'file' | 'environment' | 'command';
      keys: number;
      to: 'file' | 'environment' | 'command';
    };
    /** Of a change of the log's keys: the statement, a signed note, and what it says. */
    key?: {
      from: number;
      number: number;
      replaces: string;
      state: 'active' | 'retired' | 'revoked';
      statement: string;
      vkey: string;
    };
    /** The place in the log. `previous` is the preceding entry's leaf hash in hex; the first entry has none. */
    ledger: { index: number; origin: string; previous?: string };
    /** Of spans that the producer numbered and could not keep. */
    lost?: { count: number; first: number; last: number };
    outcome: Outcome;
    /** What the audit policy says of the call, or what became of the policy; absent where there is none. */
    policy?: PolicyFields;
    /** Of a comparison with an identity provider: the window, how much was compared, and how much was missing. */
    reconciliation?: {
      from: string;
      to: string;
      ledger_records: number;
      missing_at_provider: number;
      missing_in_ledger: number;
      provider_events: number;
    };
    /**
     * Of what the service noticed of a producer (`producer.gap` …): which one, the numbers that it is about, and the
     * producer before it.
     */
    producer?: { stream_id: string; count?: number; first?: number; last?: number; previous?: string };
    record: { id: string };
    /**
     * Of a purge: of which class how many records, and the ledger index of the first and of the last of them; or below
     * which index (`minimum_index`) the log has no entries any more.
     */
    retention?: {
      class?: string;
      count?: number;
      first_index?: number;
      last_index?: number;
      minimum_index?: number;
    };
    schema: { version: string };
    /** The producer's own numbering, as received; absent where the producer gave none. */
    sequence?: { number: number; stream_id: string };
    /** Random reference of the OIDC session; absent where the span ran under none. */
    session?: { id: string };
    target?: { id?: string; type: string };
    /** Names of the fields that the operator's rules changed, or that were moved out of the clear. */
    redacted?: string[];
    /** Names of the fields that were cut to a limit. */
    truncated?: string[];
  };
  ecs: { version: string };
  event: {
    action: string;
    category: string[];
    dataset: 'spanledger.audit';
    /** Nanoseconds; a decimal string beyond 2^53. */
    duration?: number | string;
    kind: 'event' | 'state' | 'alert';
    module: 'spanledger';
    outcome: Outcome;
    reason?: string;
    /** Of an alert: 21 low, 47 medium, 73 high, 99 critical. */
    severity?: number;
    /** Of a derived record: when what it tells of began. */
    start?: string;
    type: string[];
  };
  http?: JsonObject;
  oidc?: JsonObject;
  parent?: { id: string };
  /** Of an alert: the rule that raised it. */
  rule?: { id: string; name: string; description?: string; version?: string };
  service?: JsonObject;
  span?: { id: string; kind: string };
  /** Of an alert: what it may be a sign of, in the words of MITRE ATT&CK. */
  threat?: JsonObject;
  trace?: { id: string };
  [key: string]: unknown;
}

/** An opened group: its value and the salt that was committed to with it. */
export interface Opening {
  /** base64url of 16 random bytes. */
  salt: string;
  value: JsonObject;
}

/** The opened groups of one record; a group that is empty or erased is absent. */
export type Openings = Partial<Record<CommitmentGroup, Opening>>;
