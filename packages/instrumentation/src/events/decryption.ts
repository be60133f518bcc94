import { memberOf } from '../attach/global-api.ts';
import { readSessionClaims } from '../session/claims.ts';
import type { CallSite } from '../session/lifecycle.ts';
import type { EventContext } from './event-context.ts';
import { recordRejection, type RejectionReason } from './rejection.ts';
import { bindVerified } from './verification.ts';

/** An encrypted token that was opened. */
export interface Decryption {
  readonly token: string;
  readonly payload: unknown;
  /** The protected header. */
  readonly header: unknown;
}

/**
 * Binds the request to the session that an encrypted token stands for. Decryption is no proof of origin in itself, so
 * one of two things must hold:
 *
 * - This process has seen the token made for a session (a cookie of `@auth/core`). It is known by its digest.
 * - It was encrypted under a shared key, which only the application has (with a public key everybody could have made
 *   it), and names issuer and subject.
 *
 * Neither holds for a cookie that another instance issued, as long as the application puts no issuer into it: its `sub`
 * is the application's own number for the person, and binds nothing.
 */
export function bindDecrypted(
  context: EventContext,
  site: CallSite,
  { token, payload, header }: Decryption,
): void {
  const session = context.sessions.ofToken(token);
  if (session !== undefined) context.lifecycle.bind(site, { session, token: undefined });
  else if (typeof payload === 'object' && payload !== null && isSharedKey(header)) {
    bindVerified(context, site, { payload, header, token });
  }
}

/** An encrypted token that was not accepted. */
export interface DecryptionFailure {
  readonly token: string;
  /** The claims, where it could be opened and they were refused. */
  readonly payload: unknown;
  readonly reason: RejectionReason;
  readonly error: unknown;
}

/**
 * Records that an encrypted token was not accepted, if it stood for a session. Applications encrypt much else, and what
 * could not be opened does not say what it is.
 */
export function recordDecryptionFailure(
  context: EventContext,
  site: CallSite,
  { token, payload, reason, error }: DecryptionFailure,
): void {
  const session = context.sessions.ofToken(token);
  const claims =
    isSharedKey(readHeader(token)) && readSessionClaims(payload) !== undefined ? Object(payload) : undefined;
  if (session === undefined && claims === undefined) return;
  recordRejection(context, site, { token, session, payload: claims, reason, error });
}

/** Key management that takes a key which both sides keep (RFC 7518, 4.1). */
const SHARED_KEY = /^(?:dir|A\d{3}(?:GCM)?KW|PBES2-.+)$/;

function isSharedKey(header: unknown): boolean {
  const alg = memberOf(header, 'alg');
  return typeof alg === 'string' && SHARED_KEY.test(alg);
}

/** The header of a compact JWE; decryption has authenticated it with the rest. */
function readHeader(token: string): unknown {
  try {
    const header: unknown = JSON.parse(
      Buffer.from(token.slice(0, token.indexOf('.')), 'base64url').toString(),
    );
    return header;
  } catch {
    return undefined;
  }
}
