/**
 * The `spanledger-session` header: a compact JWS (RFC 7515), EdDSA with Ed25519, by which one service tells another under
 * whose session it calls. It proves nothing to the application and opens nothing: it names a session for the audit trail.
 *
 * Written with node:crypto: the header has to be there before the request is, and every JOSE library is asynchronous.
 */
import { randomBytes, sign, verify } from 'node:crypto';
import { numberClaim, stringClaim } from '../session/claims.ts';
import type { IssuerKeys, SigningKey } from './keys.ts';

/** The header, as Node has it. */
export const SESSION_HEADER = 'spanledger-session';

/** `typ`: no other JWS of the same key is taken for one of these. */
export const SESSION_TOKEN_TYPE = 'spanledger-session+jwt';

/** How long one lives, and how far clocks may differ. */
export const LIFE_S = 60;
export const LEEWAY_S = 30;

/** Longer ones are neither made nor read. */
export const MAX_TOKEN_CHARS = 4_096;

const JTI_BYTES = 16;

/** What is said about the session. */
export interface PropagatedSession {
  readonly sessionId: string;
  readonly issuer: string;
  /** `user.id` as the sender records it; undefined in its minimal identity mode. */
  readonly userId: string | undefined;
  /** Whether {@link userId} is a pseudonym already. */
  readonly isPseudonym: boolean;
  readonly clientId: string | undefined;
  readonly acr: string | undefined;
  readonly authTime: number | undefined;
}

/**
 * Makes a token for one request.
 *
 * @param session - The session.
 * @param options - Who says so, to which host, and when in milliseconds since the epoch.
 * @returns Undefined when it would be longer than a receiver reads.
 */
export function signSessionToken(
  session: PropagatedSession,
  options: { signingKey: SigningKey; issuer: string; audience: string; now: number },
): string | undefined {
  const { signingKey, issuer, audience } = options;
  const issuedAt = Math.floor(options.now / 1_000);
  const header = { alg: 'EdDSA', typ: SESSION_TOKEN_TYPE, kid: signingKey.kid };
  const payload = {
    iss: issuer,
    aud: audience,
    iat: issuedAt,
    exp: issuedAt + LIFE_S,
    jti: randomBytes(JTI_BYTES).toString('base64url'),
    sid: session.sessionId,
    sub: session.userId,
    sub_kind: session.userId === undefined ? undefined : session.isPseudonym ? 'pseudonym' : 'full',
    client_id: session.clientId,
    oidc_iss: session.issuer,
    acr: session.acr,
    auth_time: session.authTime,
  };
  const input = `${encodePart(header)}.${encodePart(payload)}`;
  const token = `${input}.${sign(null, Buffer.from(input), signingKey.key).toString('base64url')}`;
  return token.length > MAX_TOKEN_CHARS ? undefined : token;
}

/** Why a token is ignored. */
export type Refusal =
  | 'too_long'
  | 'malformed'
  | 'wrong_type'
  | 'wrong_algorithm'
  | 'unknown_issuer'
  | 'unknown_key'
  | 'bad_signature'
  | 'wrong_audience'
  | 'expired'
  | 'not_yet_valid'
  | 'replayed';

/** What a token said, or why it is not believed. */
export type TokenResult =
  | { readonly session: PropagatedSession; readonly id: string; readonly refusal?: undefined }
  | { readonly refusal: Refusal };

/**
 * Verifies a token. Replay is the caller's to find: it needs memory.
 *
 * @param token - The header's value.
 * @param options - Who is believed, whether an audience is us, and the time in milliseconds since the epoch.
 */
export function verifySessionToken(
  token: string,
  options: { issuers: IssuerKeys; isAudience: (audience: string) => boolean; now: number },
): TokenResult {
  if (token.length > MAX_TOKEN_CHARS) return { refusal: 'too_long' };
  const parts = token.split('.');
  const [head = '', body = '', signature = ''] = parts;
  const header = decodePart(head);
  const payload = decodePart(body);
  const signed = decodeBytes(signature);
  if (parts.length !== 3 || header === undefined || payload === undefined || signed === undefined)
    return { refusal: 'malformed' };
  if (stringClaim(header, 'typ') !== SESSION_TOKEN_TYPE) return { refusal: 'wrong_type' };
  // Fixed, so that nothing in the token chooses how it is verified.
  if (stringClaim(header, 'alg') !== 'EdDSA' || Object.hasOwn(header, 'crit'))
    return { refusal: 'wrong_algorithm' };
  const issuer = stringClaim(payload, 'iss');
  const keys = issuer === undefined ? undefined : options.issuers.get(issuer);
  if (issuer === undefined || keys === undefined) return { refusal: 'unknown_issuer' };
  const key = keys.get(stringClaim(header, 'kid') ?? '');
  if (key === undefined) return { refusal: 'unknown_key' };
  if (!verify(null, Buffer.from(`${head}.${body}`), key, signed)) return { refusal: 'bad_signature' };
  return readClaims(payload, issuer, options);
}

function readClaims(
  payload: object,
  issuer: string,
  { isAudience, now }: { isAudience: (audience: string) => boolean; now: number },
): TokenResult {
  const audience = stringClaim(payload, 'aud');
  if (audience === undefined || !isAudience(audience)) return { refusal: 'wrong_audience' };
  const [issuedAt, expiresAt] = [numberClaim(payload, 'iat'), numberClaim(payload, 'exp')];
  const [tokenId, sessionId] = [stringClaim(payload, 'jti'), stringClaim(payload, 'sid')];
  const sessionIssuer = stringClaim(payload, 'oidc_iss');
  if (issuedAt === undefined || expiresAt === undefined || expiresAt - issuedAt > LIFE_S)
    return { refusal: 'malformed' };
  if (tokenId === undefined || sessionId === undefined || sessionIssuer === undefined)
    return { refusal: 'malformed' };
  const seconds = now / 1_000;
  if (seconds >= expiresAt + LEEWAY_S) return { refusal: 'expired' };
  if (seconds < issuedAt - LEEWAY_S) return { refusal: 'not_yet_valid' };
  return {
    id: JSON.stringify([issuer, tokenId]),
    session: {
      sessionId,
      issuer: sessionIssuer,
      userId: stringClaim(payload, 'sub'),
      isPseudonym: stringClaim(payload, 'sub_kind') === 'pseudonym',
      clientId: stringClaim(payload, 'client_id'),
      acr: stringClaim(payload, 'acr'),
      authTime: numberClaim(payload, 'auth_time'),
    },
  };
}

function encodePart(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

function decodePart(text: string): object | undefined {
  const bytes = decodeBytes(text);
  if (bytes === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8'));
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Node reads almost anything as base64url; only what comes out again is it. */
function decodeBytes(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64url');
  return bytes.length > 0 && bytes.toString('base64url') === text ? bytes : undefined;
}
