import { memberOf } from '../../attach/global-api.ts';
import { recordAuthorizationFailure, recordAuthorizationRequest } from '../../events/authorization.ts';
import type { ClientIdentity } from '../../events/client.ts';
import type { EventContext } from '../../events/event-context.ts';
import { recordClientGrant, recordGrant } from '../../events/grant.ts';
import { beginRefresh, recordRefresh, recordRefreshFailure } from '../../events/refresh.ts';
import { recordRevocation } from '../../events/token-state.ts';
import { scopeList } from '../../session/claims.ts';
import { describeToken } from '../../session/token.ts';
import { guarded } from '../../warning.ts';
import { constructorHook } from '../class-hooks.ts';
import type { Library, LoadedFile, Observe } from '../library.ts';
import { hookName, MODULE_EXPORTS, wrapMethod } from '../wrap.ts';
import { requestFailure, tokenResponse } from './token-set.ts';
import { SIMPLE_OAUTH2_FILES, SIMPLE_OAUTH2_VERSIONS } from './versions.ts';

const NOBODY: ClientIdentity = { clientId: undefined, issuer: undefined };

/** The hooks of simple-oauth2, which knows OAuth and not OpenID Connect: an ID token in an answer is the application's. */
export function simpleOauth2Library(context: EventContext): Library {
  const clients = new Clients();
  const grants = {
    [SIMPLE_OAUTH2_FILES.authorizationCode]: 'authorization_code',
    [SIMPLE_OAUTH2_FILES.password]: 'password',
    [SIMPLE_OAUTH2_FILES.clientCredentials]: 'client_credentials',
  };
  const grantTypes = new Map(Object.entries(grants));
  return {
    versions: SIMPLE_OAUTH2_VERSIONS,
    patch: (file) => {
      const prototype = memberOf(file.exports, 'prototype');
      const grantType = grantTypes.get(file.path);
      if (grantType === undefined) {
        wrapMethod(file, prototype, 'refresh', observeRefresh(context, clients));
        wrapMethod(file, prototype, 'revoke', observeRevocation(context, clients));
      } else {
        wrapMethod(file, prototype, 'getToken', observeGrant(context, clients, grantType));
      }
      if (grantType === 'authorization_code')
        wrapMethod(file, prototype, 'authorizeURL', observeAuthorization(context, clients));
      clients.learnFrom(file);
    },
  };
}

/** Which client the library's objects act for: they hide their settings. */
class Clients {
  readonly #known = new WeakMap<object, ClientIdentity>();

  /** Has the constructor of a file's class note the settings that it is given. */
  learnFrom(file: LoadedFile): void {
    constructorHook(file, MODULE_EXPORTS, (args, construct) => {
      const made = construct(args);
      guarded(hookName(file, 'constructor'), () => {
        const clientId = memberOf(memberOf(args[0], 'client'), 'id');
        if (typeof clientId === 'string') this.note(made, { clientId, issuer: undefined });
      });
      return made;
    });
  }

  note(holder: unknown, client: ClientIdentity): void {
    if (typeof holder === 'object' && holder !== null) this.#known.set(holder, client);
  }

  of(holder: unknown): ClientIdentity {
    return (typeof holder === 'object' && holder !== null ? this.#known.get(holder) : undefined) ?? NOBODY;
  }
}

/** `authorizeURL({ scope, state, … })`. */
function observeAuthorization(context: EventContext, clients: Clients): Observe {
  return ([parameters], self) => {
    const site = context.lifecycle.callSite();
    const state = memberOf(parameters, 'state');
    return {
      succeeded: () => {
        recordAuthorizationRequest(context, site, {
          client: clients.of(self),
          scope: scopeList(memberOf(parameters, 'scope')),
          state: typeof state === 'string' ? state : undefined,
        });
      },
      failed: () => undefined,
    };
  };
}

/** `getToken({ code | username, password | scope })`. */
function observeGrant(context: EventContext, clients: Clients, grantType: string): Observe {
  return ([parameters], self) => {
    const site = context.lifecycle.callSite();
    const client = clients.of(self);
    const requested = scopeList(memberOf(parameters, 'scope'));
    return {
      succeeded: (result) => {
        const response = tokenResponse(result, context.now(), client.clientId);
        if (grantType === 'client_credentials')
          recordClientGrant(context, site, { client, grantType, requested, response });
        else {
          const flow = grantType === 'password' ? grantType : 'code';
          recordGrant(context, site, { client, grantType, flow, requested, response });
        }
      },
      failed: (error) => {
        const secrets = ['code', 'password', 'code_verifier'].map((name) => memberOf(parameters, name));
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

/** `accessToken.refresh()`: another `AccessToken`. */
function observeRefresh(context: EventContext, clients: Clients): Observe {
  return (_args, self) => {
    const site = context.lifecycle.callSite();
    const client = clients.of(self);
    const held = memberOf(self, 'token');
    const refreshToken = memberOf(held, 'refresh_token');
    const accessToken = memberOf(held, 'access_token');
    const expiresAt = memberOf(held, 'expires_at');
    const seconds = expiresAt instanceof Date ? Math.floor(expiresAt.getTime() / 1_000) : undefined;
    const previous =
      typeof accessToken === 'string' ? describeToken('access', accessToken, seconds) : undefined;
    const attempt = beginRefresh(context, refreshToken, previous);
    return {
      succeeded: (result) => {
        clients.note(result, client);
        recordRefresh(context, site, attempt, client, tokenResponse(result, context.now(), client.clientId));
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

/** `accessToken.revoke('access_token' | 'refresh_token')`; `revokeAll` calls it for both. */
function observeRevocation(context: EventContext, clients: Clients): Observe {
  return ([name], self) => {
    const token = typeof name === 'string' ? memberOf(memberOf(self, 'token'), name) : undefined;
    if (typeof token !== 'string') return undefined;
    const site = context.lifecycle.callSite();
    const record = (): void => {
      const type = name === 'refresh_token' ? 'refresh' : 'access';
      recordRevocation(context, site, { client: clients.of(self), token, type });
    };
    return {
      succeeded: record,
      failed: (error) => {
        // An answer without JSON is an error to the library; it is what RFC 7009 asks for. After any other the token
        // lives on, and the client span of the request says so.
        if (memberOf(memberOf(memberOf(error, 'data'), 'res'), 'statusCode') === 200) record();
      },
    };
  };
}
