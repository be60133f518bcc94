import { createHmac, type KeyObject } from 'node:crypto';
import type { Openings } from '@spanledger/record';
import { member, type SealedRecord, text } from './sealed-record.ts';

/** A subject or session as its issuer names it: what a reference stands for. */
export interface NamedParty {
  kind: 'actor' | 'session';
  issuer: string;
  id: string;
}

/**
 * The blind key of a party: under it a reference is found again without the name being stored.
 *
 * @param key - the reference key of the data directory
 * @returns 32 bytes
 */
export function blindKey(key: KeyObject, party: NamedParty): Buffer {
  return createHmac('sha256', key)
    .update(JSON.stringify([party.kind, party.issuer, party.id]))
    .digest();
}

/**
 * The name behind `audit.actor.id`: the inverse of what the mapping of a span takes as its subject. Undefined where
 * the openings do not hold it.
 */
export function actorOf(record: SealedRecord, openings: Openings): NamedParty | undefined {
  const user = userOf(openings.identity?.value);
  if (user !== '') return { kind: 'actor', issuer: record.issuer, id: user };
  if (record.actor.type === 'service') return { kind: 'actor', issuer: record.issuer, id: record.clientId };
  if (record.actor.type === 'system') return { kind: 'actor', issuer: '', id: record.serviceName };
  return undefined;
}

/** The name behind `audit.session.id`; undefined where there is no session, or the openings do not hold it. */
export function sessionOf(record: SealedRecord, openings: Openings): NamedParty | undefined {
  if (record.sessionRef === '') return undefined;
  const identity = openings.identity?.value;
  const owner = record.issuer === '' ? identity : member(identity, 'oidc');
  const session = text(member(owner, 'session'), 'id');
  return session === '' ? undefined : { kind: 'session', issuer: record.issuer, id: session };
}

/** By the first of the names that a span may name its user by; empty where it has none. */
function userOf(identity: unknown): string {
  const enduser = member(identity, 'enduser');
  return text(member(identity, 'user'), 'id') || text(enduser, 'id') || text(member(enduser, 'pseudo'), 'id');
}
