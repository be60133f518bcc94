import { decodeJwt, decodeProtectedHeader } from 'jose';
import { isJsonObject, type JsonObject, type JsonValue } from '@spanledger/record';
import { fault, type SignalFault } from './refusal-code.ts';

/** Characters of one token; a security event names a subject and some values. */
export const MAX_TOKEN_LENGTH = 32_768;

/** Characters of an id in a token: `jti`, `sub`, `sid`. */
export const MAX_ID_LENGTH = 1_024;

/** The signature algorithms that a provider may use: all that need a public key, and no other. */
export const ALGORITHMS: readonly string[] = [
  'ES256',
  'ES384',
  'ES512',
  'Ed25519',
  'EdDSA',
  'PS256',
  'PS384',
  'PS512',
  'RS256',
  'RS384',
  'RS512',
];

/** What a token says of itself before anything of it is believed. */
export interface UnverifiedToken {
  ok: true;
  text: string;
  algorithm: string;
  /** `typ` in lower case, without `application/`; undefined where there is none. */
  type: string | undefined;
  /** `kid`. */
  keyId: string | undefined;
  /** `iss`. */
  issuer: string;
}

/** RFC 7516, 9: of five parts, and the header names how its content is encrypted. */
function isEncrypted(text: string, { enc }: ReturnType<typeof decodeProtectedHeader>): boolean {
  return typeof enc === 'string' && text.split('.').length === 5;
}

/** Looks at a token in its compact form. RFC 7515, 7.1; RFC 8725, 3 */
export function readToken(text: string): UnverifiedToken | SignalFault {
  if (text.length > MAX_TOKEN_LENGTH) return fault('token_malformed');
  let header: ReturnType<typeof decodeProtectedHeader>;
  let issuer: unknown;
  try {
    header = decodeProtectedHeader(text);
    if (isEncrypted(text, header)) return fault('token_encrypted');
    issuer = decodeJwt(text).iss;
  } catch {
    return fault('token_malformed');
  }
  const { alg, kid, typ } = header;
  if (typeof alg !== 'string' || !ALGORITHMS.includes(alg)) return fault('algorithm_refused');
  if (typ !== undefined && typeof typ !== 'string') return fault('type_wrong');
  if (typeof issuer !== 'string') return fault('issuer_unknown');
  return {
    ok: true,
    text,
    algorithm: alg,
    type: typ?.toLowerCase().replace(/^application\//, ''),
    keyId: typeof kid === 'string' ? kid : undefined,
    issuer,
  };
}

/** The claims that all signals have. */
export interface CommonClaims {
  ok: true;
  claims: JsonObject;
  jti: string;
  /** Milliseconds since the epoch. */
  issuedMs: number;
  /** The first of ours that `aud` names. */
  audience: string;
  /** By the type of the event. */
  events: JsonObject;
}

/** Whom a token must be for, and what time it is. */
export interface Expectations {
  issuer: string;
  audience: readonly string[];
  clockSkewMs: number;
  /** How long ago it may have been issued. */
  maxAgeMs: number;
  /** Milliseconds since the epoch. */
  nowMs: number;
}

/** Checks what all signals have in common, after the signature. RFC 8417, 2.2; OpenID Connect Back-Channel Logout 1.0, 2.4 */
export function checkCommonClaims(payload: Uint8Array, expected: Expectations): CommonClaims | SignalFault {
  const claims = parseClaims(payload);
  if (claims === undefined) return fault('token_malformed');
  const { aud, events, exp, iat, iss, jti } = claims;
  if (iss !== expected.issuer) return fault('issuer_unknown');
  const named = Array.isArray(aud) ? aud : [aud];
  const audience = expected.audience.find((ours) => named.includes(ours));
  if (audience === undefined) return fault('audience_wrong');
  const { clockSkewMs, maxAgeMs, nowMs } = expected;
  const issuedMs = toMs(iat);
  if (issuedMs === undefined || issuedMs > nowMs + clockSkewMs || issuedMs < nowMs - maxAgeMs - clockSkewMs) {
    return fault('issued_at_wrong');
  }
  if (exp !== undefined) {
    const expiresMs = toMs(exp);
    if (expiresMs === undefined || expiresMs <= nowMs - clockSkewMs) return fault('expired');
  }
  if (!isId(jti)) return fault('id_missing');
  if (!isJsonObject(events) || !Object.values(events).every(isJsonObject)) return fault('events_wrong');
  return { ok: true, claims, jti, issuedMs, audience, events };
}

/** Whether a claim can name something. */
export function isId(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= MAX_ID_LENGTH;
}

/** Milliseconds since the epoch of a NumericDate that a clock can show. RFC 7519, 2 */
export function toMs(value: unknown): number | undefined {
  if (typeof value !== 'number' || !Number.isFinite(value)) return undefined;
  const ms = Math.round(value * 1000);
  return ms >= 0 && ms <= MAX_TIME_MS ? ms : undefined;
}

/** Nesting of the claims, and characters of the name of one: what goes into a record has bounds. */
const MAX_DEPTH = 16;
const MAX_NAME_LENGTH = 256;

/** The end of the year 9999. */
const MAX_TIME_MS = 253_402_300_799_999;

function parseClaims(payload: Uint8Array): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(payload));
    return isJsonObject(value) && isPlain(value, MAX_DEPTH) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Whether a value can stand in a record as it is: text that is Unicode, numbers that JSON can hold exactly. */
function isPlain(value: JsonValue, depth: number): boolean {
  if (typeof value === 'string') return value.isWellFormed();
  if (typeof value === 'number') return Number.isSafeInteger(value) || !Number.isInteger(value);
  if (typeof value !== 'object' || value === null) return true;
  if (depth === 0) return false;
  if (Array.isArray(value)) return value.every((item) => isPlain(item, depth - 1));
  return Object.entries(value).every(
    ([name, member]) => name.length <= MAX_NAME_LENGTH && name.isWellFormed() && isPlain(member, depth - 1),
  );
}
