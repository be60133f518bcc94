import {
  ATTR_OIDC_FLOW,
  ATTR_OIDC_GRANT_TYPE,
  ATTR_OIDC_SCOPE,
  ATTR_OIDC_SCOPE_REQUESTED,
  ATTR_USER_ID,
  EVENT_SESSION_STARTED,
  EVENT_TOKEN_ISSUED,
} from '@spanledger/record';
import type { CallSite } from '../session/lifecycle.ts';
import { defined, type Session } from '../session/session.ts';
import { tokenAttributes } from '../session/token-attributes.ts';
import { clientAttributes, type ClientIdentity } from './client.ts';
import type { EventContext } from './event-context.ts';
import { rememberResponse, type TokenResponse } from './token-response.ts';

/** Tokens that a person's grant was answered with. */
export interface Grant {
  readonly client: ClientIdentity;
  /** `grant_type`: `authorization_code`, `password`, a device code's URN … */
  readonly grantType: string;
  /** How the person got here: `code`, `implicit`, `device_code`, `password`. */
  readonly flow: string;
  /** `state` of the authorization response, if there was one; only its digest is used. */
  readonly state?: string | undefined;
  /** The scopes that were asked for, where they were not in the authorization request. */
  readonly requested?: readonly string[] | undefined;
  readonly response: TokenResponse;
}

/**
 * Records the issuance of tokens to a person, and that a session started with it, and binds the request to it.
 *
 * @returns The session; undefined where the response says nothing of the person.
 */
export function recordGrant(context: EventContext, site: CallSite, grant: Grant): Session | undefined {
  const { client, grantType, flow, response } = grant;
  const { lifecycle, sessions, pending } = context;
  const requested = grant.requested ?? pending.requestedWith(grant.state);
  const session = sessions.resolve(response.claims, undefined, client.clientId);
  session?.learnGrant(grantType, flow, response.scope ?? requested);
  if (session !== undefined) {
    sessions.began(session);
    // At the provider it may go on under the same id after a logout here.
    session.state = 'active';
    rememberResponse(sessions, session, response);
    lifecycle.bind(site, { session, token: response.accessToken });
    lifecycle.loggedIn(site, session);
  }
  const about = {
    ...clientAttributes(client),
    ...session?.describe(),
    ...defined({ [ATTR_OIDC_SCOPE_REQUESTED]: requested }),
  };
  lifecycle.record(
    site,
    EVENT_TOKEN_ISSUED,
    {
      ...about,
      ...defined({ [ATTR_OIDC_SCOPE]: response.scope ?? requested }),
      [ATTR_OIDC_GRANT_TYPE]: grantType,
      [ATTR_OIDC_FLOW]: flow,
      ...(response.accessToken && tokenAttributes(response.accessToken)),
    },
    { key: response.accessToken && `${EVENT_TOKEN_ISSUED} ${response.accessToken.id}` },
  );
  if (session !== undefined) {
    lifecycle.record(site, EVENT_SESSION_STARTED, about, {
      key: `${EVENT_SESSION_STARTED} ${session.issuer} ${session.id}`,
    });
  }
  return session;
}

/** A token that a service got for itself. */
export interface ClientGrant {
  readonly client: ClientIdentity;
  readonly grantType: string;
  readonly requested: readonly string[] | undefined;
  readonly response: TokenResponse;
}

/**
 * Records the issuance of a token to a service (RFC 6749, 4.4). No request is bound to it: the one that is being handled
 * may be a user's.
 */
export function recordClientGrant(
  { lifecycle, sessions }: EventContext,
  site: CallSite,
  { client, grantType, requested, response }: ClientGrant,
): void {
  lifecycle.record(
    site,
    EVENT_TOKEN_ISSUED,
    {
      ...clientAttributes(client),
      // Who asks is known without looking at any token: the client itself.
      ...defined({
        [ATTR_USER_ID]: client.clientId && sessions.identityOf(client.issuer ?? '', client.clientId),
        [ATTR_OIDC_SCOPE_REQUESTED]: requested,
        [ATTR_OIDC_SCOPE]: response.scope,
      }),
      [ATTR_OIDC_GRANT_TYPE]: grantType,
      [ATTR_OIDC_FLOW]: grantType,
      ...(response.accessToken && tokenAttributes(response.accessToken)),
    },
    { key: response.accessToken && `${EVENT_TOKEN_ISSUED} ${response.accessToken.id}` },
  );
}
