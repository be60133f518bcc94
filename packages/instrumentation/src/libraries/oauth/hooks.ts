import { memberOf } from '../../attach/global-api.ts';
import { recordAuthorizationFailure } from '../../events/authorization.ts';
import type { EventContext } from '../../events/event-context.ts';
import { recordClientGrant } from '../../events/grant.ts';
import { beginRefresh, recordRefresh, recordRefreshFailure } from '../../events/refresh.ts';
import { readTokenResponse } from '../../events/token-response.ts';
import { scopeList, stringClaim } from '../../session/claims.ts';
import type { CallSite } from '../../session/lifecycle.ts';
import type { CallObserver, Library, Observe } from '../library.ts';
import { wrapMethod } from '../wrap.ts';
import { answeredError } from './answered-error.ts';
import { keepAnswer } from './token-answers.ts';
import { OAUTH_VERSIONS } from './versions.ts';

/** The hooks of node-oauth, through which passport's strategies ask token endpoints. */
export function oauthLibrary(context: EventContext): Library {
  const observe = observeTokenRequest(context);
  return {
    versions: OAUTH_VERSIONS,
    patch: (file) => {
      const prototype = memberOf(memberOf(file.exports, 'OAuth2'), 'prototype');
      wrapMethod(file, prototype, 'getOAuthAccessToken', observe, { callback: true });
    },
  };
}

/** `getOAuthAccessToken(code, params, callback)`: the grant type says what the code is. */
function observeTokenRequest(context: EventContext): Observe {
  return ([code, params], self) => {
    const site = context.lifecycle.callSite();
    switch (memberOf(params, 'grant_type')) {
      case 'refresh_token':
        return observeRefresh(context, site, code, self);
      case 'client_credentials':
        return observeClientCredentials(context, site, params, self);
      default:
        // What comes of it, the strategy decides.
        return {
          succeeded: (...answer) => {
            if (typeof self === 'object' && self !== null) keepAnswer(self, responseOf(answer));
          },
          failed: () => undefined,
        };
    }
  };
}

function observeRefresh(context: EventContext, site: CallSite, token: unknown, self: unknown): CallObserver {
  const attempt = beginRefresh(context, token);
  const client = clientOf(self);
  return {
    succeeded: (...answer) => {
      recordRefresh(context, site, attempt, client, readTokenResponse(responseOf(answer), context.now()));
    },
    failed: (error) => {
      recordRefreshFailure(context, site, attempt, client, { error: answeredError(error), secrets: [token] });
    },
  };
}

function observeClientCredentials(
  context: EventContext,
  site: CallSite,
  params: unknown,
  self: unknown,
): CallObserver {
  const client = clientOf(self);
  const grantType = 'client_credentials';
  return {
    succeeded: (...answer) => {
      recordClientGrant(context, site, {
        client,
        grantType,
        requested: scopeList(memberOf(params, 'scope')),
        response: readTokenResponse(responseOf(answer), context.now()),
      });
    },
    failed: (error) => {
      recordAuthorizationFailure(context, site, { client, error: answeredError(error), grantType });
    },
  };
}

/** The callback is given the tokens apart from the rest. */
function responseOf([accessToken, refreshToken, rest]: readonly unknown[]): object {
  return { ...Object(rest), access_token: accessToken, refresh_token: refreshToken };
}

function clientOf(self: unknown): { clientId: string | undefined; issuer: undefined } {
  return { clientId: stringClaim(Object(self), '_clientId'), issuer: undefined };
}
