import {
  ATTR_OIDC_GRANT_TYPE,
  ATTR_OIDC_TOKEN_PREVIOUS_ID,
  ATTR_OIDC_TOKEN_REFRESH_REASON,
  ATTR_OIDC_TOKEN_SECONDS_LEFT,
  EVENT_AUTHORIZATION_FAILED,
  EVENT_TOKEN_REFRESHED,
} from '@spanledger/record';
import type { SpanAttributes } from '../../otlp/recorded-span.ts';
import { defined } from '../../session/session.ts';
import { tokenAttributes } from '../../session/token-attributes.ts';
import type { TokenInfo } from '../../session/token.ts';
import type { HookContext, Observe } from '../library.ts';
import { clientAttributes, clientIdentity } from './client.ts';
import { failureAttributes } from './failure.ts';
import { readTokenResponse, rememberResponse } from './token-response.ts';

/** A refresh this close to the token's end was made because of it. */
export const NEAR_EXPIRY_S = 120;

const GRANT_TYPE = 'refresh_token';

/**
 * Observes `refreshTokenGrant(config, refreshToken, …)`. The session is that of the refresh token, if it was issued
 * here, else that of the new ID token.
 */
export function observeRefresh({ lifecycle, sessions, now }: HookContext): Observe {
  return ([configuration, refreshToken]) => {
    const site = lifecycle.callSite();
    const startedAt = now();
    const client = clientIdentity(configuration);
    const before = typeof refreshToken === 'string' ? sessions.ofToken(refreshToken) : undefined;
    const previous = before?.accessToken;
    return {
      succeeded: (result) => {
        const response = readTokenResponse(result, now());
        const session = before ?? sessions.resolve(response.claims, undefined, client.clientId);
        if (session !== undefined) {
          session.state = 'refreshed';
          session.learnGrant(GRANT_TYPE, 'refresh_token', response.scope);
          rememberResponse(sessions, session, response);
          lifecycle.bind(site, { session, token: response.accessToken });
        }
        lifecycle.record(site, EVENT_TOKEN_REFRESHED, {
          ...clientAttributes(client),
          ...session?.describe(),
          [ATTR_OIDC_GRANT_TYPE]: GRANT_TYPE,
          ...(response.accessToken && tokenAttributes(response.accessToken)),
          ...refreshReason(previous, startedAt),
        });
      },
      failed: (error) => {
        lifecycle.record(site, EVENT_AUTHORIZATION_FAILED, {
          ...clientAttributes(client),
          ...before?.describe(),
          [ATTR_OIDC_GRANT_TYPE]: GRANT_TYPE,
          ...failureAttributes(error, refreshToken),
        });
      },
    };
  };
}

/** Why: judged from what the old access token had left when the refresh was asked for. */
function refreshReason(previous: TokenInfo | undefined, now: number): SpanAttributes {
  if (previous?.expiresAt === undefined) {
    return defined({
      [ATTR_OIDC_TOKEN_REFRESH_REASON]: 'unknown',
      [ATTR_OIDC_TOKEN_PREVIOUS_ID]: previous?.id,
    });
  }
  const secondsLeft = previous.expiresAt - Math.floor(now / 1_000);
  return {
    [ATTR_OIDC_TOKEN_REFRESH_REASON]:
      secondsLeft <= 0 ? 'expired' : secondsLeft <= NEAR_EXPIRY_S ? 'near_expiry' : 'forced',
    [ATTR_OIDC_TOKEN_SECONDS_LEFT]: secondsLeft,
    [ATTR_OIDC_TOKEN_PREVIOUS_ID]: previous.id,
  };
}
