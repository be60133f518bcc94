import { memberOf, methodOf } from '../../attach/global-api.ts';
import { recordAuthorizationFailure, recordAuthorizationRequest } from '../../events/authorization.ts';
import type { EventContext } from '../../events/event-context.ts';
import { recordGrant } from '../../events/grant.ts';
import { beginRefresh, recordRefresh, recordRefreshFailure } from '../../events/refresh.ts';
import { bindRestored } from '../../events/restored-session.ts';
import { recordSessionEnd } from '../../events/session-end.ts';
import { readTokenResponse, type TokenResponse } from '../../events/token-response.ts';
import { scopeList } from '../../session/claims.ts';
import { guarded } from '../../warning.ts';
import type { Library, LibraryFunction, LoadedFile, Observe } from '../library.ts';
import { put } from '../loaded-file.ts';
import { isFunction } from '../middleware.ts';
import { hookName, wrapFunction, wrapMethod } from '../wrap.ts';
import { BackchannelLogout } from './backchannel-logout.ts';
import { constructorHook, getterHook } from '../class-hooks.ts';
import {
  answerParameter,
  checksLogout,
  clientOf,
  isCallback,
  sessionClaims,
  sessionData,
  type Exchange,
} from './exchange.ts';
import {
  CONFIG_FILE,
  CONTEXT_FILE,
  EXPRESS_OPENID_CONNECT_VERSIONS,
  IS_LOGGED_OUT_FILE,
} from './versions.ts';

/** The hooks of auth0/express-openid-connect. What it asks of openid-client is reported by both, and becomes one event. */
export function expressOpenidConnectLibrary(context: EventContext): Library {
  const backchannel = new BackchannelLogout((request, config, site) => {
    const exchange = { request, config, response: undefined };
    if (!isCallback(exchange)) bindSession(context, exchange, site);
  }, context);
  return {
    versions: EXPRESS_OPENID_CONNECT_VERSIONS,
    patch: (file) => {
      if (file.path === CONTEXT_FILE) patchContexts(context, file, backchannel);
      else if (file.path === CONFIG_FILE) backchannel.patchConfig(file);
      else if (file.path === IS_LOGGED_OUT_FILE) backchannel.patchDefault(file, 'isLoggedOut');
      else backchannel.patchDefault(file, 'onLogoutToken');
    },
  };
}

/** `req.oidc` and `res.oidc` are made anew for each request, after its session was opened. */
function patchContexts(context: EventContext, file: LoadedFile, backchannel: BackchannelLogout): void {
  const exchanges = new WeakMap<object, Exchange>();
  constructorHook(file, 'RequestContext', (args, construct) => {
    const made = construct(args);
    guarded(hookName(file, 'RequestContext'), () => {
      const [config, request, response] = args;
      const exchange: Exchange = { config, request, response };
      exchanges.set(made, exchange);
      if (!isCallback(exchange) && !checksLogout(exchange)) bindSession(context, exchange);
    });
    return made;
  });
  constructorHook(file, 'ResponseContext', (args, construct) => {
    const [config, request, response, next, ...others] = args;
    const exchange: Exchange = { config, request, response };
    const told = isFunction(next) ? observedNext(next, exchange, hookName(file, 'next')) : next;
    const made = construct([config, request, response, told, ...others]);
    exchanges.set(made, exchange);
    return made;
  });
  const prototype = memberOf(memberOf(file.exports, 'ResponseContext'), 'prototype');
  const of: ExchangeOf = (self) =>
    typeof self === 'object' && self !== null ? exchanges.get(self) : undefined;
  wrapMethod(file, prototype, 'login', observeLogin(context, of));
  wrapMethod(file, prototype, 'callback', observeCallback(context, of));
  wrapMethod(file, prototype, 'logout', observeLogout(context, of));
  wrapMethod(file, prototype, 'backchannelLogout', (_args, self) => {
    const exchange = of(self);
    return exchange && backchannel.observeRequest(exchange);
  });
  const refresh = observeRefresh(context, of);
  getterHook(file, 'RequestContext', 'accessToken', (self, accessToken) => {
    const original = memberOf(accessToken, 'refresh');
    if (typeof accessToken !== 'object' || accessToken === null || !isFunction(original)) return;
    put(
      accessToken,
      'refresh',
      wrapFunction(original, hookName(file, 'refresh'), () => refresh([], self)),
    );
  });
}

type ExchangeOf = (self: unknown) => Exchange | undefined;

/** Binds the request to the session that came with it. */
function bindSession(context: EventContext, exchange: Exchange, site = context.lifecycle.callSite()): void {
  const data = sessionData(exchange);
  if (data === undefined) return;
  bindRestored(context, site, {
    claims: sessionClaims(data),
    clientId: clientOf(exchange).clientId,
    tokens: data,
  });
}

/** Errors never come out of `login` and `callback`: they go to Express. */
function observedNext(next: LibraryFunction, exchange: Exchange, what: string): LibraryFunction {
  return function (this: unknown, ...args: unknown[]): unknown {
    const [error] = args;
    if (error !== undefined && error !== null && error !== 'route' && error !== 'router')
      guarded(what, () => exchange.onError?.(error));
    return Reflect.apply(next, this, args);
  };
}

/** `res.oidc.login()`: what the provider is asked for stands in the address to which the browser is sent. */
function observeLogin(context: EventContext, of: ExchangeOf): Observe {
  return (_args, self) => {
    const exchange = of(self);
    if (exchange === undefined) return undefined;
    const site = context.lifecycle.callSite();
    const client = clientOf(exchange);
    exchange.onError = (error) => {
      recordAuthorizationFailure(context, site, { client, error });
    };
    return {
      succeeded: () => {
        exchange.onError = undefined;
        const location = methodOf(exchange.response, 'getHeader')?.('location');
        if (typeof location !== 'string' || !URL.canParse(location)) return;
        const { searchParams } = new URL(location);
        // A pushed or signed request does not show what is in it; openid-client, which made it, knows.
        const state = searchParams.get('state') ?? undefined;
        if (state === undefined) return;
        recordAuthorizationRequest(context, site, {
          client,
          scope: scopeList(searchParams.get('scope')),
          state,
          responseType: searchParams.get('response_type') ?? undefined,
        });
      },
      failed: () => undefined,
    };
  };
}

/** `res.oidc.callback()`: the login is done when the session has another ID token than before. */
function observeCallback(context: EventContext, of: ExchangeOf): Observe {
  return (_args, self) => {
    const exchange = of(self);
    if (exchange === undefined) return undefined;
    const site = context.lifecycle.callSite();
    const before = memberOf(sessionData(exchange), 'id_token');
    const state = answerParameter(exchange, 'state');
    exchange.onError = (error) => {
      const secrets = [answerParameter(exchange, 'code'), answerParameter(exchange, 'id_token')];
      recordAuthorizationFailure(context, site, { client: clientOf(exchange), error, state, secrets });
    };
    return {
      succeeded: () => {
        exchange.onError = undefined;
        const data = sessionData(exchange);
        if (data === undefined) return;
        if (memberOf(data, 'id_token') === before) {
          // Somebody went back to a page of a login that is over.
          bindSession(context, exchange, site);
          return;
        }
        const implicit = memberOf(data, 'access_token') === undefined;
        recordGrant(context, site, {
          client: clientOf(exchange),
          grantType: implicit ? 'implicit' : 'authorization_code',
          flow: implicit ? 'implicit' : 'code',
          state,
          response: tokenResponse(context, data),
        });
      },
      failed: () => undefined,
    };
  };
}

/** `req.oidc.accessToken.refresh()`. */
function observeRefresh(context: EventContext, of: ExchangeOf): Observe {
  return (_args, self) => {
    const exchange = of(self);
    const data = exchange && sessionData(exchange);
    if (exchange === undefined || data === undefined) return undefined;
    const site = context.lifecycle.callSite();
    const client = clientOf(exchange);
    const refreshToken = memberOf(data, 'refresh_token');
    const attempt = beginRefresh(context, refreshToken);
    return {
      succeeded: () => {
        const renewed = sessionData(exchange);
        if (renewed === undefined) return;
        recordRefresh(context, site, attempt, client, tokenResponse(context, renewed));
      },
      failed: (error) => {
        recordRefreshFailure(context, site, attempt, client, { error, secrets: [refreshToken] });
      },
    };
  };
}

/** What the library keeps, as an answer of the token endpoint. */
function tokenResponse({ now }: EventContext, data: object): TokenResponse {
  const expiresAt = memberOf(data, 'expires_at');
  const milliseconds = now();
  return readTokenResponse(
    {
      access_token: memberOf(data, 'access_token'),
      refresh_token: memberOf(data, 'refresh_token'),
      id_token: memberOf(data, 'id_token'),
      scope: memberOf(data, 'scope'),
      expires_in: typeof expiresAt === 'number' ? expiresAt - Math.floor(milliseconds / 1_000) : undefined,
    },
    milliseconds,
    sessionClaims(data),
  );
}

/** `res.oidc.logout()`: at the provider too, or here only. */
function observeLogout(context: EventContext, of: ExchangeOf): Observe {
  const { lifecycle, sessions } = context;
  return (_args, self) => {
    const exchange = of(self);
    const data = exchange && sessionData(exchange);
    if (exchange === undefined || data === undefined) return undefined;
    const site = lifecycle.callSite();
    const client = clientOf(exchange);
    const session = sessions.resolve(sessionClaims(data), undefined, client.clientId);
    return {
      succeeded: () => {
        // What went wrong before it was sent to Express, and the session is still there.
        if (session === undefined || sessionData(exchange) !== undefined) return;
        recordSessionEnd(context, site, { session, reason: 'logout', client });
      },
      failed: () => undefined,
    };
  };
}
