import { createHash } from 'node:crypto';
import type { JsonObject, RecordDraft } from '@spanledger/record';
import { ownRecord } from '../own-record.ts';
import { timestampOf } from '../timestamp.ts';
import type { KeyState } from './provider-keys.ts';
import type { SignalMeaning } from './signal-meaning.ts';

/** Hex digits of the digest that names a token: 128 bits. */
const ID_DIGITS = 32;

/** Characters of an algorithm, a key id or a type that stand in the clear. */
const WORD = /^[\x21-\x7e]{1,128}$/;

/** How a signal came. */
export type SignalDelivery = 'backchannel' | 'poll' | 'push';

/** Whom a signal is about. */
export interface SignalSubject {
  /** Whose names `userId` and `sessionId` are. */
  issuer: string;
  userId?: string;
  sessionId?: string;
  email?: string;
  /** Identifiers of formats that join nothing here: a phone number, a device. */
  others?: Readonly<Record<string, JsonObject>>;
}

/** A token that was verified, and how. */
export interface VerifiedSignal {
  issuer: string;
  delivery: SignalDelivery;
  /** `jti`. */
  id: string;
  algorithm: string;
  keyId: string | undefined;
  keys: KeyState;
  /** The one of our clients, or names, that it is for. */
  audience: string;
  /** Milliseconds since the epoch. */
  issuedMs: number;
  /** Milliseconds since the epoch. */
  receivedMs: number;
  /** Where the connection came from; empty where we made it. */
  address: string;
}

/** What a signal tells. */
export interface SignalEvent {
  /** The URI of its type. */
  type: string;
  meaning: SignalMeaning;
  subject: SignalSubject;
  /** When it happened, milliseconds since the epoch. */
  atMs: number;
  /** `event.reason`. */
  reason?: string;
  /** Words and numbers of the event that may stand in the clear, under `audit.signal`. */
  details?: JsonObject;
  /** `oidc.*` in the clear. */
  oidc?: JsonObject;
  /** Claims of the subject. */
  claims?: JsonObject;
  /** Everything else that the event says. */
  attributes?: JsonObject;
}

/**
 * What names a token for good: the same token gives the same records, whenever and however often it comes.
 *
 * @param id `jti`, unique at its issuer
 */
export function signalId(issuer: string, id: string): string {
  const digest = createHash('sha256')
    .update(JSON.stringify([issuer, id]))
    .digest('hex');
  return `signal-${digest.slice(0, ID_DIGITS)}`;
}

/**
 * The record of what a provider told. docs/record-format.md, "What providers tell"
 *
 * @param position among the events of the token, from 0
 */
export function signalRecord(signal: VerifiedSignal, event: SignalEvent, position = 0): RecordDraft {
  const { meaning, subject } = event;
  const base = signalId(signal.issuer, signal.id);
  const id = position === 0 ? base : `${base}-e${position}`;
  const { userId, sessionId } = subject;
  return ownRecord({
    id,
    timestamp: timestampOf(event.atMs),
    // Who has no name here is spoken of by the client that was told.
    subject:
      userId === undefined
        ? { issuer: subject.issuer, id: signal.audience, type: 'service' }
        : { issuer: subject.issuer, id: userId, type: 'user' },
    ...(sessionId !== undefined && { session: { issuer: subject.issuer, id: sessionId } }),
    audit: {
      action: meaning.verb,
      outcome: 'success',
      signal: { ...event.details, ...describeToken(signal, event.type) },
    },
    event: {
      action: meaning.action,
      category: [...meaning.category],
      ...(meaning.code !== undefined && { code: meaning.code }),
      provider: signal.issuer,
      ...(event.reason !== undefined && { reason: event.reason }),
      type: [...meaning.type],
    },
    clear: { oidc: { ...event.oidc, client_id: signal.audience, issuer: subject.issuer } },
    groups: groupsOf(signal, event),
  });
}

function describeToken(signal: VerifiedSignal, type: string): JsonObject {
  return {
    algorithm: signal.algorithm,
    delivery: signal.delivery,
    issued_at: timestampOf(signal.issuedMs),
    ...(signal.keyId !== undefined && WORD.test(signal.keyId) && { key_id: signal.keyId }),
    keys_fetched_at: timestampOf(signal.keys.fetchedMs),
    keys_stale: signal.keys.isStale,
    received_at: timestampOf(signal.receivedMs),
    type,
  };
}

function groupsOf(signal: VerifiedSignal, event: SignalEvent): RecordDraft['groups'] {
  const { userId, sessionId, email, others } = event.subject;
  const user = { ...(userId !== undefined && { id: userId }), ...(email !== undefined && { email }) };
  const attributes = { ...event.attributes, ...others };
  return {
    identity: {
      oidc: {
        ...(event.claims !== undefined && { claims: event.claims }),
        ...(sessionId !== undefined && { session: { id: sessionId } }),
        token: { id: signal.id },
      },
      ...(Object.keys(user).length > 0 && { user }),
    },
    // Not `client.address`: that is where the person came from.
    ...(signal.address !== '' && { network: { network: { peer: { address: signal.address } } } }),
    ...(Object.keys(attributes).length > 0 && { content: { attributes } }),
  };
}
