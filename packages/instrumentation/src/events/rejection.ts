import {
  ATTR_OIDC_ERROR,
  ATTR_OIDC_TOKEN_ID,
  ATTR_OIDC_TOKEN_REJECTION_REASON,
  EVENT_TOKEN_REJECTED,
} from '@spanledger/record';
import { defined, type Session } from '../session/session.ts';
import { digestId, peekPayload } from '../session/token.ts';
import { tokenAttributes } from '../session/token-attributes.ts';
import type { CallSite } from '../session/lifecycle.ts';
import type { EventContext } from './event-context.ts';
import { describeVerified } from './verification.ts';

/** Why a token was not accepted: the same words for every library. */
export type RejectionReason =
  | 'expired'
  | 'not_yet_valid'
  | 'bad_signature'
  | 'wrong_audience'
  | 'wrong_issuer'
  | 'invalid_claim'
  | 'malformed'
  | 'missing'
  | 'revoked'
  | 'inactive'
  | 'unknown_key'
  | 'algorithm_not_allowed'
  | 'keys_unavailable'
  | 'other';

/** A token that was not accepted. */
export interface Rejection {
  /** The token as it was presented; only its digest is used. */
  readonly token: string | undefined;
  /** Its claims, only where the signature has been verified: then they say whose token it was. */
  readonly payload?: object | undefined;
  /** Whose it is, where that is known without its claims. */
  readonly session?: Session | undefined;
  readonly reason: RejectionReason;
  /** What the library threw, so that a library around it does not report the same again. */
  readonly error?: unknown;
}

/** Records that a token was not accepted (RFC 6750, 3.1: `invalid_token`). */
export function recordRejection(context: EventContext, site: CallSite, rejection: Rejection): void {
  const { token, reason, error } = rejection;
  // The very token that was verified here before, or issued here, may be believed whatever is wrong with it now.
  const known = token === undefined ? undefined : context.sessions.ofToken(token);
  const payload = rejection.payload ?? (token !== undefined && known ? peekPayload(token) : undefined);
  const session = rejection.session ?? known ?? (payload && context.sessions.resolve(payload, token));
  const info = payload && describeVerified(payload, undefined, token);
  const attributes = defined({
    ...session?.short,
    ...(info ? tokenAttributes(info) : {}),
    ...(!info && token !== undefined ? { [ATTR_OIDC_TOKEN_ID]: digestId(token) } : {}),
    [ATTR_OIDC_ERROR]: 'invalid_token',
    [ATTR_OIDC_TOKEN_REJECTION_REASON]: reason,
  });
  // By the digest, which every hook around the same call knows; not all have the claims.
  const key = token === undefined ? undefined : `${EVENT_TOKEN_REJECTED} ${digestId(token)}`;
  context.lifecycle.record(site, EVENT_TOKEN_REJECTED, attributes, { key, error });
}
