import { createHmac, type KeyObject } from 'node:crypto';
import type { Openings } from '@spanledger/record';

/** A subject or session as its issuer names it: what a reference stands for. */
export interface NamedParty {
  kind: 'actor' | 'session';
  issuer: string;
  id: string;
}

/** The parts of a record that the vault reads: canonical bytes, parsed. */
export interface SealedRecord {
  '@timestamp': string;
  audit: { actor: { id: string; type: string }; session?: { id: string } };
  oidc?: { issuer?: unknown };
  service?: { name?: unknown };
}

/** Bytes of a blind key. */
export const BLIND_BYTES = 32;

/**
 * The blind key of a party: under it a reference is found again without the name being stored.
 *
 * @param key - the reference key of the data directory
 */
export function blindKey(key: KeyObject, party: NamedParty): Buffer {
  return createHmac('sha256', key)
    .update(JSON.stringify([party.kind, party.issuer, party.id]))
    .digest();
}

/** The name behind `audit.actor.id`: the inverse of what the mapping of a span takes as its subject. */
export function actorOf(record: SealedRecord, openings: Openings): NamedParty | undefined {
  const issuer = asText(record.oidc?.issuer);
  const user = member(openings.identity?.value, 'user', 'id');
  if (user !== undefined) return { kind: 'actor', issuer, id: user };
  if (record.audit.actor.type !== 'system') return undefined;
  return { kind: 'actor', issuer: '', id: asText(record.service?.name) };
}

/** The name behind `audit.session.id`. */
export function sessionOf(record: SealedRecord, openings: Openings): NamedParty | undefined {
  if (record.audit.session === undefined) return undefined;
  const session =
    member(openings.identity?.value, 'session', 'id') ??
    member(openings.identity?.value, 'oidc', 'session', 'id');
  return session === undefined
    ? undefined
    : { kind: 'session', issuer: asText(record.oidc?.issuer), id: session };
}

function member(value: unknown, ...path: string[]): string | undefined {
  let inner: unknown = value;
  for (const name of path) {
    if (typeof inner !== 'object' || inner === null) return undefined;
    inner = Object.getOwnPropertyDescriptor(inner, name)?.value;
  }
  return typeof inner === 'string' && inner !== '' ? inner : undefined;
}

function asText(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
