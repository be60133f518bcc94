import {
  type AuditRecord,
  type EvidenceFields,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  MAX_EVIDENCE_RECORDS,
  type Openings,
  type Outcome,
  type RecordDraft,
} from '@spanledger/record';
import { ownRecord } from './own-record.ts';

/** A record that the service derived from others, on its way into the ledger. */
export interface DerivedDraft {
  draft: RecordDraft;
  /** `audit.actor.id` of the evidence, also where nobody can tell any more who it is; absent where nobody acted. */
  actorRef?: string;
  /** `audit.session.id` of the evidence. */
  sessionRef?: string;
}

/** Whose records the evidence is: what a derived record takes over, so that it is found where they are. */
export interface EvidenceParty {
  /** `audit.actor.id`. */
  actorRef: string;
  actorType: 'user' | 'service' | 'system';
  /** `audit.session.id`. */
  sessionRef?: string;
  /** Issuer, client and service: they also say whose names those in `identity` are. */
  clear: JsonObject;
  /** Names of actor and session; empty where they are not there any more. */
  identity: JsonObject;
  /** Where it came from; empty where nobody said. */
  network: JsonObject;
}

/** One record that something rests on. */
export interface EvidenceRecord {
  /** `audit.record.id`. */
  id: string;
  /** Ledger index. */
  index: number;
}

/** What is particular to a derived record. */
export interface Derivation {
  /** `audit.record.id`: the same whenever it is derived from the same evidence. */
  id: string;
  /** RFC 3339 with nine fraction digits. */
  timestamp: string;
  kind: 'state' | 'alert';
  /** `event.action`. */
  action: string;
  /** `audit.action`: an upper-case verb. */
  verb: string;
  outcome: Outcome;
  category: readonly string[];
  type: readonly string[];
  /** `event.reason`. */
  reason?: string;
  /** `event.start`, of what lasted until the timestamp: RFC 3339 with nine fraction digits. */
  start?: string;
  /** `event.duration`, nanoseconds. */
  duration?: number;
  /** `event.severity`. */
  severity?: number;
  evidence: EvidenceFields;
  /** Absent where nobody acted. */
  party?: EvidenceParty;
  /** More members of `audit`. */
  audit?: JsonObject;
  /** More members in the clear. */
  clear?: JsonObject;
  content?: JsonObject;
}

/** Names that are taken over from the opened groups, by their place. */
const IDENTITY_PATHS: readonly (readonly string[])[] = [
  ['enduser', 'id'],
  ['enduser', 'pseudo', 'id'],
  ['oidc', 'session', 'id'],
  ['session', 'id'],
  ['user', 'id'],
  ['user', 'name'],
];
const NETWORK_PATHS: readonly (readonly string[])[] = [
  ['client', 'address'],
  ['user_agent', 'original'],
];
const CLEAR_PATHS: readonly (readonly string[])[] = [
  ['oidc', 'client_id'],
  ['oidc', 'issuer'],
  ['service', 'name'],
];

/** Names of actor and session, of what is opened of a record. */
export function identityOf(openings: Openings): JsonObject {
  return pick(openings.identity?.value, IDENTITY_PATHS);
}

/** What a record that is derived from this one takes over from it. */
export function partyOf(record: AuditRecord & JsonObject, openings: Openings): EvidenceParty {
  const sessionRef = record.audit.session?.id;
  return {
    actorRef: record.audit.actor.id,
    actorType: record.audit.actor.type,
    ...(sessionRef !== undefined && { sessionRef }),
    clear: pick(record, CLEAR_PATHS),
    identity: identityOf(openings),
    network: pick(openings.network?.value, NETWORK_PATHS),
  };
}

/**
 * `audit.evidence` of records.
 *
 * @param records - in the order of the ledger, at least one; the last ones of them are named
 * @param count - how many there are, where not all are given
 * @param firstIndex - ledger index of the first of all
 */
export function evidenceOf(
  records: readonly EvidenceRecord[],
  count: number = records.length,
  firstIndex: number | undefined = records[0]?.index,
): EvidenceFields {
  const lastIndex = records.at(-1)?.index;
  if (firstIndex === undefined || lastIndex === undefined) throw new TypeError('no evidence');
  return {
    count,
    first_index: firstIndex,
    last_index: lastIndex,
    records: records.slice(-MAX_EVIDENCE_RECORDS).map(({ id }) => id),
  };
}

/** The draft of a derived record. */
export function deriveDraft(derivation: Derivation): DerivedDraft {
  const { id, party, outcome, reason, severity, start, duration, content = {} } = derivation;
  const draft = ownRecord({
    id,
    timestamp: derivation.timestamp,
    kind: derivation.kind,
    subject: { issuer: '', id: '', type: party?.actorType ?? 'system' },
    audit: {
      ...derivation.audit,
      action: derivation.verb,
      evidence: { ...derivation.evidence },
      outcome,
    },
    event: {
      action: derivation.action,
      category: [...derivation.category],
      ...(duration !== undefined && { duration }),
      ...(reason !== undefined && { reason }),
      ...(severity !== undefined && { severity }),
      ...(start !== undefined && { start }),
      type: [...derivation.type],
    },
    clear: { ...party?.clear, ...derivation.clear },
    groups: { content, identity: party?.identity ?? {}, network: party?.network ?? {} },
  });
  return {
    draft,
    ...(party !== undefined && { actorRef: party.actorRef }),
    ...(party?.sessionRef !== undefined && { sessionRef: party.sessionRef }),
  };
}

function pick(from: JsonValue | undefined, paths: readonly (readonly string[])[]): JsonObject {
  const picked: JsonObject = {};
  for (const path of paths) {
    const value = path.reduce<JsonValue | undefined>(
      (at, name) => (isJsonObject(at) && Object.hasOwn(at, name) ? at[name] : undefined),
      from,
    );
    if (typeof value === 'string') put(picked, path, value);
  }
  return picked;
}

function put(into: JsonObject, path: readonly string[], value: string): void {
  let at = into;
  for (const name of path.slice(0, -1)) {
    const next = at[name];
    const member = isJsonObject(next) ? next : {};
    at[name] = member;
    at = member;
  }
  at[path.at(-1) ?? ''] = value;
}
