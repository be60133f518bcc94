import { memberOf } from '../attach/global-api.ts';
import type { CallSite } from '../session/lifecycle.ts';
import type { Session } from '../session/session.ts';
import { describeToken } from '../session/token.ts';
import type { EventContext } from './event-context.ts';

/** A session that a library keeps between requests: in a cookie that it seals, or in its store. */
export interface RestoredSession {
  /** The claims of the ID token, which the library verified when the person logged in. */
  readonly claims: unknown;
  readonly clientId: string | undefined;
  /** What is kept with them: `access_token`, `refresh_token`, `id_token`, `expires_at` in seconds since the epoch. */
  readonly tokens: unknown;
}

/**
 * Binds the request to a session that a library has restored. Its tokens are remembered by their digests: a refresh or a
 * logout that follows is known to be of this session even if another process saw the login.
 *
 * @returns The session; undefined where the claims name no issuer or no subject.
 */
export function bindRestored(
  { lifecycle, sessions }: EventContext,
  site: CallSite,
  { claims, clientId, tokens }: RestoredSession,
): Session | undefined {
  const session = sessions.resolve(claims, undefined, clientId);
  if (session === undefined) return undefined;
  for (const name of ['access_token', 'refresh_token', 'id_token']) {
    const token = memberOf(tokens, name);
    if (typeof token === 'string' && token !== '') sessions.remember(session, token);
  }
  const accessToken = memberOf(tokens, 'access_token');
  const expiresAt = memberOf(tokens, 'expires_at');
  if (typeof accessToken === 'string' && accessToken !== '') {
    session.accessToken = describeToken(
      'access',
      accessToken,
      typeof expiresAt === 'number' ? expiresAt : undefined,
    );
  }
  lifecycle.bind(site, { session, token: session.accessToken });
  return session;
}
