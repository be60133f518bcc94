import {
  ATTR_OIDC_FLOW,
  ATTR_OIDC_GRANT_TYPE,
  ATTR_OIDC_SCOPE_REQUESTED,
  EVENT_AUTHORIZATION_FAILED,
  EVENT_AUTHORIZATION_REQUESTED,
  EVENT_SESSION_STARTED,
  EVENT_TOKEN_ISSUED,
} from '@spanledger/record';
import { memberOf } from '../../attach/global-api.ts';
import type { SpanAttributes } from '../../otlp/recorded-span.ts';
import { BoundedMap } from '../../session/bounded-map.ts';
import { scopeList } from '../../session/claims.ts';
import { defined } from '../../session/session.ts';
import { tokenKey } from '../../session/token.ts';
import { tokenAttributes } from '../../session/token-attributes.ts';
import type { CallSite } from '../../session/lifecycle.ts';
import type { HookContext, Observe } from '../library.ts';
import { clientAttributes, clientIdentity, parameterOf, type ClientIdentity } from './client.ts';
import { failureAttributes } from './failure.ts';
import { readTokenResponse, rememberResponse } from './token-response.ts';

/** How many people may be on their way through a login at once and still have their requested scopes known. */
export const MAX_PENDING_AUTHORIZATIONS = 10_000;

const GRANT_TYPE = 'authorization_code';

/** The two ends of the authorization code flow: sending somebody to the provider, and their coming back. */
export interface AuthorizationHooks {
  /** `buildAuthorizationUrl(config, parameters)` and its variants. */
  readonly request: Observe;
  /** `authorizationCodeGrant(config, currentUrl, checks, …)`. */
  readonly codeGrant: Observe;
}

/** Observes the authorization code flow. */
export function observeAuthorization(context: HookContext): AuthorizationHooks {
  const { lifecycle, sessions, now } = context;
  /** Requested scopes by digest of `state`. */
  const pending = new BoundedMap<string, readonly string[]>(MAX_PENDING_AUTHORIZATIONS);

  return {
    request: ([configuration, parameters]) => {
      const site = lifecycle.callSite();
      return {
        succeeded: () => {
          const scope = scopeList(parameterOf(parameters, 'scope'));
          const state = parameterOf(parameters, 'state');
          if (scope !== undefined && state !== undefined) pending.set(tokenKey(state), scope);
          lifecycle.record(site, EVENT_AUTHORIZATION_REQUESTED, {
            ...clientAttributes(clientIdentity(configuration)),
            ...defined({
              [ATTR_OIDC_SCOPE_REQUESTED]: scope,
              [ATTR_OIDC_FLOW]: parameterOf(parameters, 'response_type') ?? 'code',
            }),
          });
        },
        failed: (error) => {
          fail(site, clientIdentity(configuration), failureAttributes(error));
        },
      };
    },
    codeGrant: ([configuration, currentUrl]) => {
      const site = lifecycle.callSite();
      const state = answerParameter(currentUrl, 'state');
      return {
        succeeded: (result) => {
          const client = clientIdentity(configuration);
          issue(site, client, result, state === undefined ? undefined : pending.get(tokenKey(state)));
        },
        failed: (error) => {
          const secrets = [state, answerParameter(currentUrl, 'code')];
          fail(site, clientIdentity(configuration), failureAttributes(error, ...secrets));
        },
      };
    },
  };

  function issue(
    site: CallSite,
    client: ClientIdentity,
    result: unknown,
    requested: readonly string[] | undefined,
  ): void {
    const response = readTokenResponse(result, now());
    const session = sessions.resolve(response.claims, undefined, client.clientId);
    session?.learnGrant(GRANT_TYPE, 'code', response.scope ?? requested);
    if (session !== undefined) {
      sessions.began(session);
      rememberResponse(sessions, session, response);
      lifecycle.bind(site, { session, token: response.accessToken });
    }
    const about = {
      ...clientAttributes(client),
      ...session?.describe(),
      ...defined({ [ATTR_OIDC_SCOPE_REQUESTED]: requested }),
    };
    lifecycle.record(site, EVENT_TOKEN_ISSUED, {
      ...about,
      [ATTR_OIDC_GRANT_TYPE]: GRANT_TYPE,
      ...(response.accessToken && tokenAttributes(response.accessToken)),
    });
    if (session !== undefined) lifecycle.record(site, EVENT_SESSION_STARTED, about);
  }

  function fail(site: CallSite, client: ClientIdentity, failure: SpanAttributes): void {
    lifecycle.record(site, EVENT_AUTHORIZATION_FAILED, { ...clientAttributes(client), ...failure });
  }
}

/** A parameter of the URL to which the provider sent the browser back. */
function answerParameter(currentUrl: unknown, name: string): string | undefined {
  const href = currentUrl instanceof URL ? currentUrl.href : memberOf(currentUrl, 'url');
  if (typeof href !== 'string' || !URL.canParse(href)) return undefined;
  return new URL(href).searchParams.get(name) ?? undefined;
}
