import {
  EVENT_TOKEN_INTROSPECTED,
  EVENT_TOKEN_ISSUED,
  EVENT_TOKEN_REFRESHED,
  EVENT_TOKEN_REJECTED,
  EVENT_TOKEN_REVOKED,
} from '@spanledger/record';
import type { AuditRecord, JsonValue, Openings } from '@spanledger/record';

import { toMoment } from './moment.ts';
import { member, text } from './record-members.ts';

/** What a record says about its token: that it came to be, was used, asked about, refused, or taken back. */
export type TokenSignal = 'introspected' | 'issued' | 'refreshed' | 'rejected' | 'revoked' | 'seen' | 'used';

/** What a token keeps of one of its records. */
export interface TokenFacts {
  /** `oidc.token.id`; opened: to be hidden before it is stored. */
  id: string;
  /** Of a refresh: the token that was replaced; opened as well. */
  previousId?: string;
  signal: TokenSignal;
  /** RFC 3339 with nine fraction digits. */
  time: string;
  /** `audit.actor.id`. */
  actor: string;
  /** `audit.session.id`. */
  session?: string;
  issuer: string;
  /** access, id or refresh. */
  type?: string;
  client?: string;
  grantType?: string;
  flow?: string;
  /** By the issuer's clock. */
  issuedAt?: string;
  expiresAt?: string;
  scopes?: readonly string[];
  requested?: readonly string[];
  /** The scopes that a call needed. */
  required?: readonly string[];
  reason?: string;
  /** Of a refresh: how many seconds the replaced token had left. */
  secondsLeft?: number;
  /** Where the call came from; opened as well. */
  address?: string;
  failed: boolean;
}

const SIGNALS: ReadonlyMap<string, TokenSignal> = new Map([
  [EVENT_TOKEN_INTROSPECTED, 'introspected'],
  [EVENT_TOKEN_ISSUED, 'issued'],
  [EVENT_TOKEN_REFRESHED, 'refreshed'],
  [EVENT_TOKEN_REJECTED, 'rejected'],
  [EVENT_TOKEN_REVOKED, 'revoked'],
]);

/** Spans that begin where a request comes in. */
const INBOUND: ReadonlySet<string | undefined> = new Set(['consumer', 'server']);

const REFUSED: ReadonlySet<JsonValue | undefined> = new Set([401, 403]);

/** @returns what the record says about its token; undefined where it names none, or what it named is erased */
export function tokenFacts(record: AuditRecord, openings: Openings): TokenFacts | undefined {
  const { event, oidc } = record;
  const token = member(member(openings.identity?.value, 'oidc'), 'token');
  if (token === undefined || event.kind !== 'event') return undefined;
  const id = text(member(token, 'id'));
  if (id === undefined) return undefined;
  const clear = member(oidc, 'token');
  const facts: TokenFacts = {
    id,
    signal: signalOf(record),
    time: toMoment(record['@timestamp']),
    actor: record.audit.actor.id,
    issuer: text(member(oidc, 'issuer')) ?? '',
    failed: event.outcome === 'failure',
  };
  // Member by member: through a list of them it takes twice as long, and every record of a call comes by.
  const previousId = text(member(token, 'previous_id'));
  if (previousId !== undefined) facts.previousId = previousId;
  if (record.audit.session !== undefined) facts.session = record.audit.session.id;
  const type = text(member(clear, 'type'));
  if (type !== undefined) facts.type = type;
  const client = text(member(oidc, 'client_id'));
  if (client !== undefined) facts.client = client;
  const grantType = text(member(oidc, 'grant_type'));
  if (grantType !== undefined) facts.grantType = grantType;
  const flow = text(member(oidc, 'flow'));
  if (flow !== undefined) facts.flow = flow;
  const issuedAt = moment(member(clear, 'issued_at'));
  if (issuedAt !== undefined) facts.issuedAt = issuedAt;
  const expiresAt = moment(member(clear, 'expires_at'));
  if (expiresAt !== undefined) facts.expiresAt = expiresAt;
  if (event.reason !== undefined) facts.reason = event.reason;
  const address = addressOf(openings.network?.value);
  if (address !== undefined) facts.address = address;
  const scopes = list(member(oidc, 'scope'));
  if (scopes !== undefined) facts.scopes = scopes;
  const requested = list(member(oidc, 'requested_scope'));
  if (requested !== undefined) facts.requested = requested;
  const required = list(member(oidc, 'required_scope'));
  if (required !== undefined) facts.required = required;
  const left = member(clear, 'seconds_left');
  if (typeof left === 'number') facts.secondsLeft = left;
  return facts;
}

function signalOf({ event, http, span }: AuditRecord): TokenSignal {
  const signal = SIGNALS.get(event.action);
  if (signal !== undefined) return signal;
  if (event.duration === undefined || !INBOUND.has(span?.kind)) return 'seen';
  return REFUSED.has(member(member(http, 'response'), 'status_code')) ? 'seen' : 'used';
}

function addressOf(network: JsonValue | undefined): string | undefined {
  return (
    text(member(member(network, 'client'), 'address')) ??
    text(member(member(member(network, 'network'), 'peer'), 'address'))
  );
}

function moment(value: JsonValue | undefined): string | undefined {
  const time = text(value);
  return time === undefined ? undefined : toMoment(time);
}

function list(value: JsonValue | undefined): readonly string[] | undefined {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : undefined;
}
