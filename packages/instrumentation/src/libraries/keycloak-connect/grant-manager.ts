import { memberOf, methodOf } from '../../attach/global-api.ts';
import { recordAuthorizationFailure } from '../../events/authorization.ts';
import type { EventContext } from '../../events/event-context.ts';
import { recordClientGrant, recordGrant } from '../../events/grant.ts';
import { beginRefresh, recordRefresh, recordRefreshFailure } from '../../events/refresh.ts';
import { recordRejection } from '../../events/rejection.ts';
import { bindRestored } from '../../events/restored-session.ts';
import { recordIntrospection, recordIntrospectionFailure } from '../../events/token-state.ts';
import { bindVerified } from '../../events/verification.ts';
import { scopeList } from '../../session/claims.ts';
import type { CallSite } from '../../session/lifecycle.ts';
import type { Session } from '../../session/session.ts';
import { peekPayload } from '../../session/token.ts';
import type { LoadedFile, Observe } from '../library.ts';
import { wrapMethod } from '../wrap.ts';
import {
  accessTokenOf,
  clientOf,
  contentOf,
  grantResponse,
  rawToken,
  rejectionReason,
  requestFailure,
} from './tokens.ts';

/** Told which session of the application a login belongs to: Keycloak ends it by that name. */
export type OnLogin = (applicationSessionId: unknown, session: Session) => void;

/** Hooks `GrantManager.prototype`. Its methods end in one another; each event is of the one that knows most. */
export function patchGrantManager(context: EventContext, file: LoadedFile, onLogin: OnLogin): void {
  const prototype = memberOf(file.exports, 'prototype');
  const inGrants = new WeakSet<object>();
  const ofServices = new WeakMap<object, number>();
  const wrap = (name: string, observe: Observe): void => {
    wrapMethod(file, prototype, name, observe, { callback: true });
  };
  wrap('obtainFromCode', observeCode(context, onLogin));
  wrap('obtainDirectly', observePassword(context));
  wrap('obtainFromClientCredentials', observeClientCredentials(context, ofServices));
  wrap('ensureFreshness', observeFreshness(context));
  wrap('validateAccessToken', observeIntrospection(context));
  wrapMethod(file, prototype, 'validateGrant', observeGrant(context, inGrants, ofServices));
  wrapMethod(file, prototype, 'validateToken', observeToken(context, inGrants));
}

/** `obtainFromCode(request, code, sessionId, sessionHost, callback)`. */
function observeCode(context: EventContext, onLogin: OnLogin): Observe {
  return ([request, code, sessionId], self) => {
    const site = context.lifecycle.callSite();
    const client = clientOf(self);
    const said = memberOf(memberOf(request, 'query'), 'state');
    const state = typeof said === 'string' ? said : undefined;
    return {
      succeeded: (grant) => {
        const response = grantResponse(grant, context.now());
        const grantType = 'authorization_code';
        const session = recordGrant(context, site, { client, grantType, flow: 'code', state, response });
        if (session !== undefined) onLogin(sessionId, session);
      },
      failed: (error) => {
        recordAuthorizationFailure(context, site, {
          client,
          error: requestFailure(error),
          state,
          secrets: [code],
          grantType: 'authorization_code',
        });
      },
    };
  };
}

/** `obtainDirectly(username, password, callback, scope)`. */
function observePassword(context: EventContext): Observe {
  const grantType = 'password';
  return ([, password, , scope], self) => {
    const site = context.lifecycle.callSite();
    const client = clientOf(self);
    return {
      succeeded: (grant) => {
        recordGrant(context, site, {
          client,
          grantType,
          flow: grantType,
          requested: scopeList(scope ?? 'openid'),
          response: grantResponse(grant, context.now()),
        });
      },
      failed: (error) => {
        const secrets = [password];
        recordAuthorizationFailure(context, site, {
          client,
          error: requestFailure(error),
          secrets,
          grantType,
        });
      },
    };
  };
}

/** `obtainFromClientCredentials(callback, scope)`: the grant is validated like a person's, but nobody is bound to it. */
function observeClientCredentials(context: EventContext, ofServices: WeakMap<object, number>): Observe {
  const grantType = 'client_credentials';
  return ([, scope], self) => {
    const site = context.lifecycle.callSite();
    const client = clientOf(self);
    const count = (by: number): void => {
      if (site.slot !== undefined) ofServices.set(site.slot, (ofServices.get(site.slot) ?? 0) + by);
    };
    count(1);
    return {
      succeeded: (grant) => {
        count(-1);
        recordClientGrant(context, site, {
          client,
          grantType,
          requested: scopeList(scope ?? 'openid'),
          response: grantResponse(grant, context.now()),
        });
      },
      failed: (error) => {
        count(-1);
        recordAuthorizationFailure(context, site, { client, error: requestFailure(error), grantType });
      },
    };
  };
}

/** `ensureFreshness(grant, callback)`: only a grant that has expired is refreshed. */
function observeFreshness(context: EventContext): Observe {
  return ([grant], self) => {
    const refreshToken = rawToken(memberOf(grant, 'refresh_token'));
    if (methodOf(grant, 'isExpired')?.() !== true || refreshToken === undefined) return undefined;
    const site = context.lifecycle.callSite();
    const client = clientOf(self);
    const attempt = beginRefresh(context, refreshToken, accessTokenOf(grant));
    return {
      succeeded: (renewed) => {
        recordRefresh(context, site, attempt, client, grantResponse(renewed, context.now()));
      },
      failed: (error) => {
        recordRefreshFailure(context, site, attempt, client, {
          error: requestFailure(error),
          secrets: [refreshToken],
        });
      },
    };
  };
}

/** `validateAccessToken(token, callback)`: asks the server, which answers for what the token says. */
function observeIntrospection(context: EventContext): Observe {
  return ([given], self) => {
    const token = rawToken(given);
    if (token === undefined) return undefined;
    const site = context.lifecycle.callSite();
    const client = clientOf(self);
    return {
      succeeded: (answer) => {
        const active = answer !== false;
        const inquiry = { client, token, type: 'access' } as const;
        recordIntrospection(context, site, inquiry, { ...(active ? peekPayload(token) : {}), active });
      },
      failed: (error) => {
        recordIntrospectionFailure(context, site, { client, token }, requestFailure(error));
      },
    };
  };
}

/** `validateGrant(grant)`: the ID token says whose session it is, the access token stands for it. */
function observeGrant(
  context: EventContext,
  inGrants: WeakSet<object>,
  ofServices: WeakMap<object, number>,
): Observe {
  return ([grant], self) => {
    const site = context.lifecycle.callSite();
    const [accessToken, idToken] = [memberOf(grant, 'access_token'), memberOf(grant, 'id_token')];
    for (const token of [accessToken, idToken])
      if (typeof token === 'object' && token !== null) inGrants.add(token);
    return {
      succeeded: () => {
        if (site.slot !== undefined && (ofServices.get(site.slot) ?? 0) > 0) return;
        const tokens = {
          access_token: rawToken(accessToken),
          refresh_token: rawToken(memberOf(grant, 'refresh_token')),
          id_token: rawToken(idToken),
        };
        const claims = contentOf(idToken);
        if (claims !== undefined)
          bindRestored(context, site, { claims, clientId: clientOf(self).clientId, tokens });
        else bindToken(context, site, accessToken);
      },
      // Each token that is not good is told of by itself.
      failed: () => undefined,
    };
  };
}

/** `validateToken(token, type)`. */
function observeToken(context: EventContext, inGrants: WeakSet<object>): Observe {
  return ([token]) => {
    const site = context.lifecycle.callSite();
    return {
      succeeded: () => {
        if (typeof token === 'object' && token !== null && inGrants.has(token)) return;
        bindToken(context, site, token);
      },
      failed: (error) => {
        recordRejection(context, site, {
          token: rawToken(token),
          reason: rejectionReason(error, token),
          error,
        });
      },
    };
  };
}

function bindToken(context: EventContext, site: CallSite, token: unknown): void {
  const payload = contentOf(token);
  if (payload === undefined) return;
  bindVerified(context, site, { payload, header: memberOf(token, 'header'), token: rawToken(token) });
}
