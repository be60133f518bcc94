import { isJsonObject } from '@spanledger/record';
import { fault, type SignalFault } from './refusal-code.ts';
import { type CommonClaims, type Expectations, checkCommonClaims, isId } from './signed-token.ts';

/** What makes a token a logout token. */
export const LOGOUT_EVENT = 'http://schemas.openid.net/event/backchannel-logout';

/** A logout token that is older is no news: who sends it keeps no queue of them. */
export const MAX_LOGOUT_TOKEN_AGE_MS = 3_600_000;

const TYPE = 'logout+jwt';

/** The end of a session, or of all sessions of somebody, as their provider tells it. */
export interface LogoutToken extends Pick<CommonClaims, 'audience' | 'issuedMs' | 'jti' | 'ok'> {
  sub: string | undefined;
  sid: string | undefined;
}

/**
 * Checks a logout token whose signature is good. OpenID Connect Back-Channel Logout 1.0, 2.6
 *
 * @param type its `typ`; without one it may be a logout token all the same
 */
export function checkLogoutToken(
  type: string | undefined,
  payload: Uint8Array,
  expected: Omit<Expectations, 'maxAgeMs'>,
): LogoutToken | SignalFault {
  if (type !== undefined && type !== TYPE) return fault('type_wrong');
  const common = checkCommonClaims(payload, { ...expected, maxAgeMs: MAX_LOGOUT_TOKEN_AGE_MS });
  if (!common.ok) return common;
  const { audience, claims, events, issuedMs, jti } = common;
  if (claims['exp'] === undefined) return fault('expired');
  if (!isJsonObject(events[LOGOUT_EVENT])) return fault('events_wrong');
  if (Object.hasOwn(claims, 'nonce')) return fault('nonce_present');
  const { sid, sub } = claims;
  if (sid === undefined && sub === undefined) return fault('subject_missing');
  if ((sid !== undefined && !isId(sid)) || (sub !== undefined && !isId(sub))) return fault('token_malformed');
  return { ok: true, audience, issuedMs, jti, sub, sid };
}
