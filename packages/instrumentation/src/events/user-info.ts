import { memberOf } from '../attach/global-api.ts';
import type { CallSite } from '../session/lifecycle.ts';
import { describeToken } from '../session/token.ts';
import type { EventContext } from './event-context.ts';
import { recordRejection } from './rejection.ts';
import type { TokenInquiry } from './token-state.ts';

/** An access token that the provider was shown to learn whose it is. */
type ShownToken = Pick<TokenInquiry, 'client' | 'token'>;

/**
 * Binds the request to the session of the token for which the provider answered (OpenID Connect Core 1.0, 5.3): it
 * answers only for one that is good, and says whose it is.
 *
 * @param answer - The claims.
 */
export function recordUserInfo(
  { lifecycle, sessions }: EventContext,
  site: CallSite,
  { client, token }: ShownToken,
  answer: unknown,
): void {
  const session =
    sessions.ofToken(token) ?? sessions.resolve({ ...Object(answer), iss: client.issuer }, token);
  if (session !== undefined) lifecycle.bind(site, { session, token: describeToken('access', token) });
}

/** Records that the provider refused the token; that it could not be asked says nothing of it. */
export function recordUserInfoFailure(
  context: EventContext,
  site: CallSite,
  { token }: ShownToken,
  error: unknown,
): void {
  if (!refusesToken(error)) return;
  const session = context.sessions.ofToken(token);
  recordRejection(context, site, { token, session, reason: 'other', error });
}

/** `invalid_token` (RFC 6750, 3.1) in the error itself, or in the challenges that it carries. */
function refusesToken(error: unknown): boolean {
  if (memberOf(error, 'error') === 'invalid_token') return true;
  const challenges: unknown = memberOf(error, 'cause');
  return (
    Array.isArray(challenges) &&
    challenges.some((challenge) => memberOf(memberOf(challenge, 'parameters'), 'error') === 'invalid_token')
  );
}
