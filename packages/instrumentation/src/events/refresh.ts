import {
  ATTR_OIDC_GRANT_TYPE,
  ATTR_OIDC_TOKEN_PREVIOUS_ID,
  ATTR_OIDC_TOKEN_REFRESH_REASON,
  ATTR_OIDC_TOKEN_SECONDS_LEFT,
  EVENT_TOKEN_REFRESHED,
} from '@spanledger/record';
import type { SpanAttributes } from '../otlp/recorded-span.ts';
import type { CallSite } from '../session/lifecycle.ts';
import { defined, type Session } from '../session/session.ts';
import { tokenAttributes } from '../session/token-attributes.ts';
import type { TokenInfo } from '../session/token.ts';
import { recordAuthorizationFailure } from './authorization.ts';
import { clientAttributes, type ClientIdentity } from './client.ts';
import type { EventContext } from './event-context.ts';
import { rememberResponse, type TokenResponse } from './token-response.ts';

/** A refresh this close to the token's end was made because of it. */
export const NEAR_EXPIRY_S = 120;

const GRANT_TYPE = 'refresh_token';

/** A refresh that is being asked for: what is to be known of it must be noted before the answer changes the session. */
export interface RefreshAttempt {
  /** The session of the refresh token, if it was issued here. */
  readonly session: Session | undefined;
  readonly previous: TokenInfo | undefined;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
}

/**
 * Notes what is known when a refresh is asked for.
 *
 * @param refreshToken - The refresh token; it tells the session if it was issued here.
 * @param accessToken - The access token that is to be replaced, where it is at hand.
 */
export function beginRefresh(
  { sessions, now }: EventContext,
  refreshToken: unknown,
  accessToken?: TokenInfo,
): RefreshAttempt {
  const session = typeof refreshToken === 'string' ? sessions.ofToken(refreshToken) : undefined;
  return { session, previous: session?.accessToken ?? accessToken, startedAt: now() };
}

/**
 * Records a refresh with its reason, and binds the request. The session is that of the refresh token, if it was issued
 * here, else that of the new ID token.
 */
export function recordRefresh(
  { lifecycle, sessions }: EventContext,
  site: CallSite,
  attempt: RefreshAttempt,
  client: ClientIdentity,
  response: TokenResponse,
): void {
  const session = attempt.session ?? sessions.resolve(response.claims, undefined, client.clientId);
  if (session !== undefined) {
    session.state = 'refreshed';
    session.learnGrant(GRANT_TYPE, GRANT_TYPE, response.scope);
    rememberResponse(sessions, session, response);
    lifecycle.bind(site, { session, token: response.accessToken });
  }
  lifecycle.record(
    site,
    EVENT_TOKEN_REFRESHED,
    {
      ...clientAttributes(client),
      ...session?.describe(),
      [ATTR_OIDC_GRANT_TYPE]: GRANT_TYPE,
      ...(response.accessToken && tokenAttributes(response.accessToken)),
      ...refreshReason(attempt),
    },
    { key: response.accessToken && `${EVENT_TOKEN_REFRESHED} ${response.accessToken.id}` },
  );
}

/** Records a refresh that was refused, or that failed on the way. */
export function recordRefreshFailure(
  context: EventContext,
  site: CallSite,
  { session }: RefreshAttempt,
  client: ClientIdentity,
  failure: { readonly error: unknown; readonly secrets: readonly unknown[] },
): void {
  recordAuthorizationFailure(context, site, { ...failure, client, session, grantType: GRANT_TYPE });
}

/** Why: judged from what the old access token had left when the refresh was asked for. */
function refreshReason({ previous, startedAt }: RefreshAttempt): SpanAttributes {
  if (previous?.expiresAt === undefined) {
    return defined({
      [ATTR_OIDC_TOKEN_REFRESH_REASON]: 'unknown',
      [ATTR_OIDC_TOKEN_PREVIOUS_ID]: previous?.id,
    });
  }
  const secondsLeft = previous.expiresAt - Math.floor(startedAt / 1_000);
  return {
    [ATTR_OIDC_TOKEN_REFRESH_REASON]:
      secondsLeft <= 0 ? 'expired' : secondsLeft <= NEAR_EXPIRY_S ? 'near_expiry' : 'forced',
    [ATTR_OIDC_TOKEN_SECONDS_LEFT]: secondsLeft,
    [ATTR_OIDC_TOKEN_PREVIOUS_ID]: previous.id,
  };
}
