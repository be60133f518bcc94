import {
  ATTR_OIDC_FLOW,
  ATTR_OIDC_GRANT_TYPE,
  ATTR_OIDC_SCOPE_REQUESTED,
  EVENT_AUTHORIZATION_FAILED,
  EVENT_AUTHORIZATION_REQUESTED,
} from '@spanledger/record';
import type { CallSite } from '../session/lifecycle.ts';
import { defined, type Session } from '../session/session.ts';
import { digestId } from '../session/token.ts';
import { clientAttributes, type ClientIdentity } from './client.ts';
import type { EventContext } from './event-context.ts';
import { failureAttributes } from './failure.ts';

/** Somebody is sent to the provider. */
export interface AuthorizationRequest {
  readonly client: ClientIdentity;
  readonly scope: readonly string[] | undefined;
  /** `state`; only its digest is used. */
  readonly state: string | undefined;
  /** `response_type`; `code` unless it says otherwise. */
  readonly responseType?: string | undefined;
}

/** Records that an authorization was asked for (OpenID Connect Core 1.0, 3.1.2.1). */
export function recordAuthorizationRequest(
  { lifecycle, pending }: EventContext,
  site: CallSite,
  { client, scope, state, responseType }: AuthorizationRequest,
): void {
  pending.ask(state, scope);
  lifecycle.record(
    site,
    EVENT_AUTHORIZATION_REQUESTED,
    {
      ...clientAttributes(client),
      ...defined({ [ATTR_OIDC_SCOPE_REQUESTED]: scope }),
      [ATTR_OIDC_FLOW]: responseType ?? 'code',
    },
    { key: state === undefined ? undefined : `${EVENT_AUTHORIZATION_REQUESTED} ${digestId(state)}` },
  );
}

/** An authorization or a grant that did not come about. */
export interface AuthorizationFailure {
  readonly client: ClientIdentity;
  readonly error: unknown;
  /** What was sent and must not come back in the provider's text: the code, the state, a token. */
  readonly secrets?: readonly unknown[];
  readonly grantType?: string | undefined;
  readonly session?: Session | undefined;
  /** `state` of the authorization response: a library around the one that failed may throw an error of its own. */
  readonly state?: string | undefined;
}

/** Records a failed authorization or grant, with the OAuth error code (RFC 6749, 4.1.2.1 and 5.2). */
export function recordAuthorizationFailure(
  { lifecycle }: EventContext,
  site: CallSite,
  { client, error, secrets, grantType, session, state }: AuthorizationFailure,
): void {
  lifecycle.record(
    site,
    EVENT_AUTHORIZATION_FAILED,
    {
      ...clientAttributes(client),
      ...session?.describe(),
      ...defined({ [ATTR_OIDC_GRANT_TYPE]: grantType }),
      ...failureAttributes(error, state, ...(secrets ?? [])),
    },
    { error, key: state === undefined ? undefined : `${EVENT_AUTHORIZATION_FAILED} ${digestId(state)}` },
  );
}
