import { ATTR_OIDC_SESSION_END_REASON, EVENT_SESSION_ENDED } from '@spanledger/record';
import type { CallSite } from '../session/lifecycle.ts';
import type { Session } from '../session/session.ts';
import { clientAttributes, type ClientIdentity } from './client.ts';
import type { EventContext } from './event-context.ts';

/** Why a session ends. */
export const SESSION_END_REASONS = [
  'logout',
  'backchannel_logout',
  'inactivity',
  'expiry',
  'revoked',
] as const;

/** Why a session ended. */
export type SessionEndReason = (typeof SESSION_END_REASONS)[number];

/** The end of a session. */
export interface SessionEnd {
  /** Undefined where somebody logs out and it is not known of which session. */
  readonly session: Session | undefined;
  readonly reason: SessionEndReason;
  readonly client?: ClientIdentity | undefined;
}

const STATE = {
  logout: 'logged_out',
  backchannel_logout: 'logged_out',
  inactivity: 'expired',
  expiry: 'expired',
  revoked: 'revoked',
} as const satisfies Record<SessionEndReason, Session['state']>;

/** Records that a session ended; its person's next tokens are of another one. */
export function recordSessionEnd(
  { lifecycle, sessions }: EventContext,
  site: CallSite,
  { session, reason, client }: SessionEnd,
): void {
  if (session !== undefined) {
    session.state = STATE[reason];
    sessions.ended(session);
  }
  lifecycle.record(
    site,
    EVENT_SESSION_ENDED,
    {
      ...(client && clientAttributes(client)),
      ...session?.describe(),
      [ATTR_OIDC_SESSION_END_REASON]: reason,
    },
    { key: session && `${EVENT_SESSION_ENDED} ${session.issuer} ${session.id}` },
  );
}

/** Somebody is sent to the provider to log out. */
export interface Logout {
  readonly client: ClientIdentity;
  /** `id_token_hint`. */
  readonly hint: string | undefined;
}

/**
 * Records that somebody is sent to the provider to log out (OpenID Connect RP-Initiated Logout 1.0). Whose session it
 * is, `id_token_hint` says if that token was issued here (a hint is not proof: it is looked up, not read), else the
 * request.
 */
export function recordLogout(context: EventContext, site: CallSite, { client, hint }: Logout): void {
  const { lifecycle, sessions } = context;
  const session = (hint === undefined ? undefined : sessions.ofToken(hint)) ?? lifecycle.sessionAt(site);
  if (session !== undefined) lifecycle.bind(site, { session, token: undefined });
  recordSessionEnd(context, site, { session, reason: 'logout', client });
}
