import { memberOf, methodOf } from '../attach/global-api.ts';
import { scopeList } from '../session/claims.ts';
import type { Session } from '../session/session.ts';
import type { SessionRegistry } from '../session/session-registry.ts';
import { describeToken, type TokenInfo } from '../session/token.ts';

/** What a token endpoint answered. */
export interface TokenResponse {
  /** The claims of the ID token, which the library has verified; undefined without one. */
  readonly claims: unknown;
  readonly scope: readonly string[] | undefined;
  /** Described without giving it away. */
  readonly accessToken: TokenInfo | undefined;
  /** The tokens themselves, to be remembered by their digests only. */
  readonly tokens: readonly string[];
}

/**
 * Reads the answer to a grant (RFC 6749, 5.1).
 *
 * @param response - The parameters of the answer, as libraries return them; their `claims()` gives the ID token's.
 * @param now - Milliseconds since the epoch.
 * @param claims - The claims of the ID token, where there is no `claims()`.
 */
export function readTokenResponse(response: unknown, now: number, claims?: unknown): TokenResponse {
  const accessToken = tokenOf(response, 'access_token');
  const seconds = memberOf(response, 'expires_in');
  const expiresAt = typeof seconds === 'number' ? Math.floor(now / 1_000) + seconds : undefined;
  return {
    claims: claims ?? methodOf(response, 'claims')?.(),
    scope: scopeList(memberOf(response, 'scope')),
    accessToken: accessToken === undefined ? undefined : describeToken('access', accessToken, expiresAt),
    tokens: [accessToken, tokenOf(response, 'refresh_token'), tokenOf(response, 'id_token')].filter(
      (token) => token !== undefined,
    ),
  };
}

/** Remembers everything of the response as the session's. */
export function rememberResponse(sessions: SessionRegistry, session: Session, response: TokenResponse): void {
  for (const token of response.tokens) {
    sessions.remember(session, token);
  }
  if (response.accessToken !== undefined) {
    sessions.rememberTokenId(session, response.accessToken.id);
    session.accessToken = response.accessToken;
  }
}

function tokenOf(response: unknown, name: string): string | undefined {
  const value = memberOf(response, name);
  return typeof value === 'string' && value !== '' ? value : undefined;
}
