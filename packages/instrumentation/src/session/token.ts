import { hash } from 'node:crypto';
import { numberClaim, stringClaim } from './claims.ts';

/** What tokens are for. */
export type TokenType = 'access' | 'id' | 'refresh';

/** What may be said about a token without giving it away. */
export interface TokenInfo {
  readonly type: TokenType;
  /** `jti`, or a digest of the token. */
  readonly id: string;
  /** Seconds since the epoch. */
  readonly issuedAt: number | undefined;
  readonly expiresAt: number | undefined;
}

const DIGEST_CHARS = 32;

/** A token's full digest: the key under which a session is found again. Never sent. */
export function tokenKey(token: string): string {
  return hash('sha256', token, 'base64url');
}

const SIGNATURE_END_CHARS = 12;

/** The shortest signature of JWA: HMAC with SHA-256, as base64url. */
const MIN_SIGNATURE_CHARS = 43;

/**
 * The end of the signature of a signed JWT: 72 bits that only its issuer can make. A token that has been verified is
 * known again by them at a fraction of what a digest costs. So short that the engine copies them: a longer part would keep
 * the whole token in memory.
 *
 * @param token - A token that was verified: of another one the end says nothing.
 * @returns Undefined for a token of another form, or with a signature that is too short.
 */
export function signatureEnd(token: string): string | undefined {
  const payload = token.indexOf('.');
  const signature = payload === -1 ? -1 : token.indexOf('.', payload + 1);
  if (signature === -1 || token.length - signature - 1 < MIN_SIGNATURE_CHARS) return undefined;
  return token.includes('.', signature + 1) ? undefined : token.slice(-SIGNATURE_END_CHARS);
}

/**
 * Describes a token from a token endpoint. Its payload is looked into without verifying it: it came from the provider
 * itself, and only its id and times are taken.
 *
 * @param type - What it is for.
 * @param token - The token.
 * @param expiresAt - Seconds since the epoch, where the endpoint said so.
 */
export function describeToken(type: TokenType, token: string, expiresAt?: number): TokenInfo {
  const payload = peekPayload(token);
  return {
    type,
    id: (payload && stringClaim(payload, 'jti')) ?? digestId(token),
    issuedAt: payload && numberClaim(payload, 'iat'),
    expiresAt: (payload && numberClaim(payload, 'exp')) ?? expiresAt,
  };
}

/** The id of a token that has none: the start of its SHA-256 digest, in hex. */
export function digestId(token: string): string {
  return hash('sha256', token, 'hex').slice(0, DIGEST_CHARS);
}

/** Longer tokens are not looked into; their digest is their id. */
const MAX_PEEKED_CHARS = 65_536;

/** The payload of a JWT, not verified; undefined for anything else. */
export function peekPayload(token: string): object | undefined {
  return peekPart(token, 1);
}

/** The header of a JWT, not verified; undefined for anything else. */
export function peekHeader(token: string): object | undefined {
  return peekPart(token, 0);
}

function peekPart(token: string, index: number): object | undefined {
  if (token.length > MAX_PEEKED_CHARS) return undefined;
  const parts = token.split('.');
  if (parts.length !== 3) return undefined;
  try {
    const part: unknown = JSON.parse(Buffer.from(parts[index] ?? '', 'base64url').toString('utf8'));
    return typeof part === 'object' && part !== null ? part : undefined;
  } catch {
    return undefined;
  }
}
