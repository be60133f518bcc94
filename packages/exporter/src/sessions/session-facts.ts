import {
  EVENT_SESSION_ENDED,
  EVENT_SESSION_STARTED,
  EVENT_TOKEN_INTROSPECTED,
  EVENT_TOKEN_REFRESHED,
  EVENT_TOKEN_REJECTED,
  EVENT_TOKEN_REVOKED,
} from '@spanledger/record';
import type { AuditRecord, JsonValue, Openings } from '@spanledger/record';

import { toMoment } from './moment.ts';
import { member, text } from './record-members.ts';

/** What one record says about its session. */
export type SessionSignal =
  'expired' | 'idle' | 'logged_out' | 'refreshed' | 'revoked' | 'seen' | 'started' | 'used_after_end';

/** What a session keeps of one of its records. */
export interface SessionFacts {
  /** `audit.session.id`. */
  reference: string;
  /** `audit.actor.id`. */
  actor: string;
  /** RFC 3339 with nine fraction digits. */
  time: string;
  signal: SessionSignal;
  failed: boolean;
  /** Somebody made use of the session; false for what is only told about it. */
  active: boolean;
  /** A request that the session was let in with: it should not be, once the session is over. */
  use: boolean;
  /** The signal is only what a record claims of the session's state by now. */
  claimed: boolean;
  issuer?: string;
  client?: string;
  service?: string;
  /** The OIDC `sid`, or the session that the sender names; opened: to be hidden before it is stored. */
  sid?: string;
  /** How much the record tells of the person: 0 nothing, 1 who it is, 2 also what they are called. */
  identity: 0 | 1 | 2;
  /** `event.reason`. */
  reason?: string;
  /** Of what time brought about: the last activity that it rests on. */
  basis?: string;
  acr?: string;
  /** When the person authenticated, by the provider's clock. */
  authTime?: string;
  /** When the access or refresh token that the record is about expires. */
  tokenEnd?: string;
}

const STATE_SIGNALS: ReadonlyMap<JsonValue | undefined, SessionSignal> = new Map([
  ['expired', 'expired'],
  ['idle', 'idle'],
  ['logged_out', 'logged_out'],
  ['refreshed', 'refreshed'],
  ['revoked', 'revoked'],
]);

/** Why a session ended, and what it is after that; after any other reason it is logged out. */
export const END_SIGNALS: ReadonlyMap<string | undefined, 'expired' | 'revoked'> = new Map([
  ['expired', 'expired'],
  ['expiry', 'expired'],
  ['inactivity', 'expired'],
  ['revoked', 'revoked'],
]);

/** Records that this follower derived: what time brought about, it takes from the ledger. */
const DERIVED_SIGNALS: ReadonlyMap<string, SessionSignal> = new Map([
  ['session.expired', 'expired'],
  ['session.idle', 'idle'],
  ['session.used_after_end', 'used_after_end'],
]);

/** Events of the provider that leave a session without the right to go on (CAEP 1.0, RISC 1.0). */
export const REVOKING: ReadonlySet<string> = new Set([
  'caep.session-revoked',
  'risc.account-disabled',
  'risc.account-purged',
  'risc.sessions-revoked',
]);

/** What nobody does with a session. */
const NO_ACTIVITY: ReadonlySet<string> = new Set([
  EVENT_SESSION_ENDED,
  EVENT_TOKEN_INTROSPECTED,
  EVENT_TOKEN_REJECTED,
  EVENT_TOKEN_REVOKED,
]);

/** Spans that begin where a request comes in. */
const INBOUND: ReadonlySet<string | undefined> = new Set(['consumer', 'server']);

const REFUSED: ReadonlySet<JsonValue | undefined> = new Set([401, 403]);

/** @returns what the record says about its session; undefined when it has none */
export function sessionFacts(record: AuditRecord, openings: Openings): SessionFacts | undefined {
  const reference = record.audit.session?.id;
  if (reference === undefined) return undefined;
  const { oidc, event } = record;
  const identity = openings.identity?.value;
  const derived = event.kind !== 'event';
  const { signal, claimed } = signalOf(record);
  const token = member(oidc, 'token');
  const isBearer = text(member(token, 'type')) !== 'id';
  const facts: SessionFacts = {
    reference,
    actor: record.audit.actor.id,
    time: toMoment(record['@timestamp']),
    signal,
    failed: !derived && event.outcome === 'failure',
    active: !derived && !isReport(event.action),
    use: !derived && isUse(record),
    claimed,
    identity: 0,
  };
  const issuer = text(member(oidc, 'issuer'));
  if (issuer !== undefined) facts.issuer = issuer;
  const client = text(member(oidc, 'client_id'));
  if (client !== undefined) facts.client = client;
  const service = text(member(record.service, 'name'));
  if (service !== undefined) facts.service = service;
  const sid =
    text(member(member(member(identity, 'oidc'), 'session'), 'id')) ??
    text(member(member(identity, 'session'), 'id'));
  if (sid !== undefined) facts.sid = sid;
  facts.identity = identityOf(identity, sid);
  if (event.reason !== undefined) facts.reason = event.reason;
  if (derived && event.start !== undefined) facts.basis = toMoment(event.start);
  const acr = text(member(oidc, 'acr'));
  if (acr !== undefined) facts.acr = acr;
  const authTime = text(member(oidc, 'auth_time'));
  if (authTime !== undefined) facts.authTime = toMoment(authTime);
  const tokenEnd = isBearer ? text(member(token, 'expires_at')) : undefined;
  if (tokenEnd !== undefined) facts.tokenEnd = toMoment(tokenEnd);
  return facts;
}

function signalOf(record: AuditRecord): { signal: SessionSignal; claimed: boolean } {
  const { event, oidc } = record;
  const token = member(member(oidc, 'token'), 'type');
  if (event.kind !== 'event') return told(DERIVED_SIGNALS.get(event.action) ?? 'seen');
  if (REVOKING.has(event.action)) return told('revoked');
  switch (event.action) {
    case EVENT_SESSION_STARTED:
      return told('started');
    case EVENT_TOKEN_REFRESHED:
      return told('refreshed');
    case EVENT_SESSION_ENDED:
      return told(END_SIGNALS.get(event.reason) ?? 'logged_out');
    case EVENT_TOKEN_REVOKED:
      // An access token is one of many of a session; without its refresh token the session cannot go on.
      return told(token === 'refresh' ? 'revoked' : 'seen');
    default:
      return claimOf(STATE_SIGNALS.get(member(member(oidc, 'session'), 'state')));
  }
}

function claimOf(signal: SessionSignal | undefined): { signal: SessionSignal; claimed: boolean } {
  return signal === undefined ? told('seen') : { signal, claimed: true };
}

function told(signal: SessionSignal): { signal: SessionSignal; claimed: boolean } {
  return { signal, claimed: false };
}

/** Whether a record is only about the session. */
function isReport(action: string): boolean {
  return NO_ACTIVITY.has(action) || action.startsWith('caep.') || action.startsWith('risc.');
}

function isUse({ event, http, span }: AuditRecord): boolean {
  // Of a span, not of an event on it; refused is refused.
  if (event.duration === undefined || !INBOUND.has(span?.kind)) return false;
  return !REFUSED.has(member(member(http, 'response'), 'status_code'));
}

function identityOf(identity: JsonValue | undefined, sid: string | undefined): SessionFacts['identity'] {
  const user = member(identity, 'user');
  const enduser = member(identity, 'enduser');
  const ids = [member(user, 'id'), member(enduser, 'id'), member(member(enduser, 'pseudo'), 'id')];
  if (ids.every((id) => text(id) === undefined)) return 0;
  if (sid === undefined) return 1;
  return text(member(user, 'name')) === undefined ? 1 : 2;
}
