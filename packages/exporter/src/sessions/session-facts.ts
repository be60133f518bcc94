import {
  EVENT_SESSION_ENDED,
  EVENT_SESSION_STARTED,
  EVENT_TOKEN_REFRESHED,
  EVENT_TOKEN_REVOKED,
  isJsonObject,
} from '@spanledger/record';
import type { AuditRecord, JsonValue, Openings } from '@spanledger/record';

import type { SessionSignal } from './session-state.ts';

/** What a session keeps of one of its records. */
export interface SessionFacts {
  /** `audit.session.id`. */
  reference: string;
  /** `audit.actor.id`. */
  actor: string;
  /** RFC 3339. */
  time: string;
  signal: SessionSignal;
  failed: boolean;
  issuer?: string;
  client?: string;
  service?: string;
  /** The OIDC `sid`, or the session that the sender names; opened: to be hidden before it is stored. */
  sid?: string;
  /** How much the record tells of the person: 0 nothing, 1 who it is, 2 also what they are called. */
  identity: 0 | 1 | 2;
}

const STATE_SIGNALS: ReadonlyMap<JsonValue | undefined, SessionSignal> = new Map([
  ['expired', 'expired'],
  ['idle', 'idle'],
  ['logged_out', 'logged_out'],
  ['refreshed', 'refreshed'],
  ['revoked', 'revoked'],
]);

const END_SIGNALS: ReadonlyMap<string | undefined, SessionSignal> = new Map([
  ['expired', 'expired'],
  ['expiry', 'expired'],
  ['inactivity', 'expired'],
  ['revoked', 'revoked'],
]);

/** @returns what the record says about its session; undefined when it has none */
export function sessionFacts(record: AuditRecord, openings: Openings): SessionFacts | undefined {
  const reference = record.audit.session?.id;
  if (reference === undefined) return undefined;
  const identity = openings.identity?.value;
  const sid =
    text(member(member(member(identity, 'oidc'), 'session'), 'id')) ??
    text(member(member(identity, 'session'), 'id'));
  const issuer = text(member(record.oidc, 'issuer'));
  const client = text(member(record.oidc, 'client_id'));
  const service = text(member(record.service, 'name'));
  return {
    reference,
    actor: record.audit.actor.id,
    time: record['@timestamp'],
    signal: signalOf(record),
    failed: record.event.outcome === 'failure',
    identity: identityOf(identity, sid),
    ...(issuer !== undefined && { issuer }),
    ...(client !== undefined && { client }),
    ...(service !== undefined && { service }),
    ...(sid !== undefined && { sid }),
  };
}

function signalOf(record: AuditRecord): SessionSignal {
  const token = member(member(record.oidc, 'token'), 'type');
  switch (record.event.action) {
    case EVENT_SESSION_STARTED:
      return 'started';
    case EVENT_TOKEN_REFRESHED:
      return 'refreshed';
    case EVENT_SESSION_ENDED:
      return END_SIGNALS.get(record.event.reason) ?? 'logged_out';
    case EVENT_TOKEN_REVOKED:
      // An access token is one of many of a session; without its refresh token the session cannot go on.
      return token === 'refresh' ? 'revoked' : 'seen';
    default:
      return STATE_SIGNALS.get(member(member(record.oidc, 'session'), 'state')) ?? 'seen';
  }
}

function identityOf(identity: JsonValue | undefined, sid: string | undefined): SessionFacts['identity'] {
  const user = member(identity, 'user');
  const enduser = member(identity, 'enduser');
  const ids = [member(user, 'id'), member(enduser, 'id'), member(member(enduser, 'pseudo'), 'id')];
  if (ids.every((id) => text(id) === undefined)) return 0;
  if (sid === undefined) return 1;
  return text(member(user, 'name')) === undefined ? 1 : 2;
}

function member(value: JsonValue | undefined, name: string): JsonValue | undefined {
  return isJsonObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
}

function text(value: JsonValue | undefined): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
