import { memberOf } from '../attach/global-api.ts';
import { listClaim, numberClaim, ownClaim, stringClaim } from '../session/claims.ts';
import type { CallSite } from '../session/lifecycle.ts';
import type { SessionSlot } from '../session/slot.ts';
import type { Session } from '../session/session.ts';
import { digestId, type TokenInfo, type TokenType } from '../session/token.ts';
import type { EventContext } from './event-context.ts';
import { recordSessionEnd } from './session-end.ts';

const BACKCHANNEL_LOGOUT = 'http://schemas.openid.net/event/backchannel-logout';

/** A token that a library has verified. */
export interface Verification {
  readonly payload: object;
  /** The protected header, where the library gives it: `typ` tells what the token is for. */
  readonly header?: unknown;
  /** The token, where it is at hand; only its digest is used. */
  readonly token?: string | undefined;
  /** The client that asked, where the claims may not say. */
  readonly clientId?: string | undefined;
}

/** Tokens that a library around another one is about to judge, by the request. */
const undecided = new WeakMap<SessionSlot, Set<string>>();

/**
 * Announces that a library has the last word on a token: what a library inside it verifies (the signature alone, perhaps)
 * binds nothing until the outer one has decided.
 *
 * @returns To be called when it has, before it binds or rejects.
 */
export function deferVerification(site: CallSite, token: string | undefined): () => void {
  const { slot } = site;
  if (slot === undefined || token === undefined) return () => undefined;
  const tokens = undecided.get(slot) ?? new Set();
  undecided.set(slot, tokens.add(token));
  return () => {
    tokens.delete(token);
  };
}

/**
 * Binds the request to the session of a verified token. A logout token (OpenID Connect Back-Channel Logout 1.0) ends its
 * session instead; other security events bind nothing, since nobody acts under them.
 *
 * @returns The session; undefined where the claims name no issuer or no subject.
 */
export function bindVerified(
  context: EventContext,
  site: CallSite,
  verification: Verification,
): Session | undefined {
  const { payload, header, token, clientId } = verification;
  if (token !== undefined && site.slot !== undefined && undecided.get(site.slot)?.has(token) === true)
    return undefined;
  const events = ownClaim(payload, 'events');
  if (typeof events === 'object' && events !== null) {
    endByLogoutToken(context, site, payload, events);
    return undefined;
  }
  const session = context.sessions.resolve(payload, token, clientId);
  if (session !== undefined) {
    context.lifecycle.bind(site, { session, token: describeVerified(payload, header, token) });
  }
  return session;
}

function endByLogoutToken(context: EventContext, site: CallSite, payload: object, events: object): void {
  if (ownClaim(events, BACKCHANNEL_LOGOUT) === undefined) return;
  const client = listClaim(payload, 'aud')?.[0];
  const session = context.sessions.resolve(payload, undefined, client) ?? sessionOfSid(context, payload);
  if (session !== undefined) recordSessionEnd(context, site, { session, reason: 'backchannel_logout' });
}

/** A logout token has `sub` or `sid` or both. */
function sessionOfSid({ sessions }: EventContext, payload: object): Session | undefined {
  const issuer = stringClaim(payload, 'iss');
  const sessionId = stringClaim(payload, 'sid');
  return issuer === undefined || sessionId === undefined ? undefined : sessions.withSid(issuer, sessionId);
}

/** Describes a verified token without giving it away; undefined where nothing identifies it. */
export function describeVerified(
  payload: object,
  header: unknown,
  token: string | undefined,
): TokenInfo | undefined {
  const id = stringClaim(payload, 'jti') ?? (token === undefined ? undefined : digestId(token));
  if (id === undefined) return undefined;
  return {
    type: typeOf(payload, header),
    id,
    issuedAt: numberClaim(payload, 'iat'),
    expiresAt: numberClaim(payload, 'exp'),
  };
}

/** `typ` says it (RFC 9068, Keycloak); else what only ID tokens have. */
function typeOf(payload: object, header: unknown): TokenType {
  const typ = memberOf(header, 'typ');
  if (typeof typ === 'string' && /^(?:application\/)?at\+jwt$/i.test(typ)) return 'access';
  const isId =
    ownClaim(payload, 'typ') === 'ID' ||
    ownClaim(payload, 'nonce') !== undefined ||
    ownClaim(payload, 'at_hash') !== undefined ||
    ownClaim(payload, 'c_hash') !== undefined;
  return isId ? 'id' : 'access';
}
