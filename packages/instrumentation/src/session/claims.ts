import { hash } from 'node:crypto';

/** The claims that this package reads, from a payload that a library has verified or a token endpoint has sent. */
export interface SessionClaims {
  readonly issuer: string;
  readonly subject: string;
  readonly sessionId: string | undefined;
  readonly clientId: string | undefined;
  readonly tokenId: string | undefined;
  readonly issuedAt: number | undefined;
  readonly expiresAt: number | undefined;
  readonly authTime: number | undefined;
  readonly acr: string | undefined;
  readonly amr: readonly string[] | undefined;
  readonly scope: readonly string[] | undefined;
  /** The payload, for the claims that an operator opts in. */
  readonly all: object;
}

/** Longer claims are cut: an identifier is not an essay. */
export const MAX_CLAIM_CHARS = 1_024;

/** Lists (scopes, roles, methods) are cut to this many items. */
export const MAX_CLAIM_ITEMS = 128;

/** Names under which providers put the client into an access token, most standard first. */
const CLIENT_CLAIMS = ['azp', 'client_id', 'cid', 'appid'];

/**
 * Reads the claims of a session.
 *
 * @param payload - A JWT payload, an introspection answer, or anything else.
 * @returns Undefined unless it has an issuer and a subject: a token without them is no user's and no client's.
 */
export function readSessionClaims(payload: unknown): SessionClaims | undefined {
  if (typeof payload !== 'object' || payload === null) return undefined;
  const issuer = stringClaim(payload, 'iss');
  const subject = stringClaim(payload, 'sub');
  if (issuer === undefined || subject === undefined) return undefined;
  return {
    issuer,
    subject,
    sessionId: stringClaim(payload, 'sid'),
    clientId: firstClaim(payload, CLIENT_CLAIMS),
    tokenId: stringClaim(payload, 'jti'),
    issuedAt: numberClaim(payload, 'iat'),
    expiresAt: numberClaim(payload, 'exp'),
    authTime: numberClaim(payload, 'auth_time'),
    acr: stringClaim(payload, 'acr'),
    amr: listClaim(payload, 'amr'),
    scope: scopeList(ownClaim(payload, 'scope') ?? ownClaim(payload, 'scp')),
    all: payload,
  };
}

/** An own property: a claim set may be named after anything on Object.prototype. */
export function ownClaim(payload: object, name: string): unknown {
  return Object.hasOwn(payload, name) ? Reflect.get(payload, name) : undefined;
}

/** A non-empty string, cut to {@link MAX_CLAIM_CHARS}. What is cut ends in its digest: two people stay two. */
export function stringClaim(payload: object, name: string): string | undefined {
  const value = ownClaim(payload, name);
  if (typeof value !== 'string' || value === '') return undefined;
  if (value.length <= MAX_CLAIM_CHARS) return value;
  const digest = `~${hash('sha256', value, 'hex')}`;
  return value.slice(0, MAX_CLAIM_CHARS - digest.length) + digest;
}

function firstClaim(payload: object, names: readonly string[]): string | undefined {
  for (const name of names) {
    const value = stringClaim(payload, name);
    if (value !== undefined) return value;
  }
  return undefined;
}

/** A finite number. */
export function numberClaim(payload: object, name: string): number | undefined {
  const value = ownClaim(payload, name);
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

/** A list of strings; a single string is a list of one. */
export function listClaim(payload: object, name: string): string[] | undefined {
  return stringList(ownClaim(payload, name));
}

/** The strings among a value's items; undefined when there are none. */
export function stringList(value: unknown): string[] | undefined {
  const items: unknown[] = Array.isArray(value) ? value : [value];
  const strings = items
    .slice(0, MAX_CLAIM_ITEMS)
    .filter((item) => typeof item === 'string' && item !== '')
    .map((item) => String(item).slice(0, MAX_CLAIM_CHARS));
  return strings.length === 0 ? undefined : strings;
}

/** `scope` as a list: OAuth separates scopes by spaces, some providers send an array. */
export function scopeList(value: unknown): string[] | undefined {
  return stringList(typeof value === 'string' ? value.split(' ') : value);
}
