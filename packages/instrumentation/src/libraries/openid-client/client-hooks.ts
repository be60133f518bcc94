/* The hooks of openid-client 5. Every client's class is made of one base class; passport's Strategy calls it too. */
import { recordAuthorizationFailure, recordAuthorizationRequest } from '../../events/authorization.ts';
import type { ClientIdentity } from '../../events/client.ts';
import type { EventContext } from '../../events/event-context.ts';
import { recordClientGrant, recordGrant } from '../../events/grant.ts';
import { beginRefresh, recordRefresh, recordRefreshFailure } from '../../events/refresh.ts';
import { recordLogout } from '../../events/session-end.ts';
import {
  recordIntrospection,
  recordIntrospectionFailure,
  recordRevocation,
  typeOfHint,
} from '../../events/token-state.ts';
import { recordUserInfo, recordUserInfoFailure } from '../../events/user-info.ts';
import { memberOf } from '../../attach/global-api.ts';
import { scopeList } from '../../session/claims.ts';
import type { LoadedFile, Observe } from '../library.ts';
import { wrapMethod } from '../wrap.ts';
import { parameterOf } from './configuration.ts';
import { hasTokens, readTokenSet, tokenIn } from './token-set.ts';

const DEVICE_CODE = 'urn:ietf:params:oauth:grant-type:device_code';

/** Answers that are no failure yet: the library asks again. */
const ASK_AGAIN: ReadonlySet<unknown> = new Set(['authorization_pending', 'slow_down', 'use_dpop_nonce']);

/** Makes the hooks of the files of version 5. */
export function createClientHooks(context: EventContext): (file: LoadedFile) => void {
  const hooks = new ClientHooks(context);
  const authorization = hooks.observeAuthorization();
  const callback = hooks.observeCallback();
  const methods: Readonly<Record<string, Observe>> = {
    authorizationUrl: authorization,
    authorizationPost: authorization,
    pushedAuthorizationRequest: authorization,
    callback,
    oauthCallback: callback,
    refresh: hooks.observeRefresh(),
    grant: hooks.observeGrant(),
    revoke: hooks.observeRevocation(),
    introspect: hooks.observeIntrospection(),
    userinfo: hooks.observeUserInfo(),
    endSessionUrl: hooks.observeEndSession(),
  };
  const poll = hooks.observePoll();
  return (file) => {
    if (file.path === 'lib/client.js') {
      const prototype = memberOf(memberOf(file.exports, 'BaseClient'), 'prototype');
      for (const [name, observe] of Object.entries(methods)) wrapMethod(file, prototype, name, observe);
    } else wrapMethod(file, memberOf(file.exports, 'prototype'), 'poll', poll);
  };
}

/** A method that calls `grant`. */
interface Work {
  /** Whose grant it was; a device's handle does not say. */
  client?: ClientIdentity;
}

class ClientHooks {
  readonly #context: EventContext;
  /** Codes and refresh tokens with which another method is at work, which will say more than `grant` can. */
  readonly #atWork = new Map<string, Work>();

  constructor(context: EventContext) {
    this.#context = context;
  }

  /** `authorizationUrl(parameters)` and its variants. */
  observeAuthorization(): Observe {
    return ([parameters], client) => {
      // What it stands for was reported when it was pushed.
      if (parameterOf(parameters, 'request_uri') !== undefined) return undefined;
      const site = this.#context.lifecycle.callSite();
      return {
        succeeded: (url) => {
          const sent = typeof url === 'string' && URL.canParse(url) ? new URL(url).searchParams : parameters;
          recordAuthorizationRequest(this.#context, site, {
            client: identityOf(client),
            scope: scopeList(parameterOf(sent, 'scope') ?? 'openid'),
            state: parameterOf(sent, 'state'),
            responseType: parameterOf(sent, 'response_type'),
          });
        },
        failed: (error) => {
          recordAuthorizationFailure(this.#context, site, { client: identityOf(client), error });
        },
      };
    };
  }

  /** `callback(redirectUri, parameters, checks)` and `oauthCallback`, which takes no ID token. */
  observeCallback(): Observe {
    return ([, parameters, checks], client) => {
      const site = this.#context.lifecycle.callSite();
      const code = parameterOf(parameters, 'code');
      const state = parameterOf(checks, 'state') ?? parameterOf(parameters, 'state');
      this.#begin(code);
      return {
        succeeded: (tokenSet) => {
          this.#end(code);
          if (!hasTokens(tokenSet)) return;
          recordGrant(this.#context, site, {
            client: identityOf(client),
            grantType: code === undefined ? 'implicit' : 'authorization_code',
            flow: code === undefined ? 'implicit' : 'code',
            state,
            response: readTokenSet(tokenSet, this.#context.now()),
          });
        },
        failed: (error) => {
          this.#end(code);
          const names = ['code', 'state', 'id_token', 'access_token'];
          const secrets = names.map((name) => parameterOf(parameters, name));
          recordAuthorizationFailure(this.#context, site, {
            client: identityOf(client),
            error,
            secrets,
            state,
          });
        },
      };
    };
  }

  /** `poll()` of a device's flow. It calls itself again until there is an answer. */
  observePoll(): Observe {
    return (_args, handle) => {
      const site = this.#context.lifecycle.callSite();
      const code = parameterOf(handle, 'device_code');
      const work = this.#begin(code);
      const client = (): ClientIdentity => work.client ?? { clientId: undefined, issuer: undefined };
      return {
        succeeded: (tokenSet) => {
          this.#end(code);
          recordGrant(this.#context, site, {
            client: client(),
            grantType: DEVICE_CODE,
            flow: 'device_code',
            response: readTokenSet(tokenSet, this.#context.now()),
          });
        },
        failed: (error) => {
          this.#end(code);
          recordAuthorizationFailure(this.#context, site, {
            client: client(),
            error,
            secrets: [code],
            grantType: DEVICE_CODE,
          });
        },
      };
    };
  }

  /** `refresh(refreshToken)`, which may be a TokenSet. */
  observeRefresh(): Observe {
    return ([given], self) => {
      const site = this.#context.lifecycle.callSite();
      const client = identityOf(self);
      const token = tokenIn(given, 'refresh_token');
      const attempt = beginRefresh(this.#context, token);
      this.#begin(token);
      return {
        succeeded: (tokenSet) => {
          this.#end(token);
          recordRefresh(this.#context, site, attempt, client, readTokenSet(tokenSet, this.#context.now()));
        },
        failed: (error) => {
          this.#end(token);
          recordRefreshFailure(this.#context, site, attempt, client, { error, secrets: [token] });
        },
      };
    };
  }

  /** `grant(body)`: every other grant. Its ID token, if it has one, has not been verified, so it names no session. */
  observeGrant(): Observe {
    return ([body], self) => {
      const client = identityOf(self);
      const secrets = ['code', 'refresh_token', 'device_code'].map((name) => parameterOf(body, name));
      const work = secrets.map((secret) => this.#atWork.get(secret ?? '')).find((each) => each !== undefined);
      if (work !== undefined) {
        work.client = client;
        return undefined;
      }
      const site = this.#context.lifecycle.callSite();
      const grantType = parameterOf(body, 'grant_type') ?? 'unknown';
      const requested = scopeList(parameterOf(body, 'scope'));
      const refreshToken = grantType === 'refresh_token' ? parameterOf(body, 'refresh_token') : undefined;
      const attempt = refreshToken === undefined ? undefined : beginRefresh(this.#context, refreshToken);
      return {
        succeeded: (tokenSet) => {
          const response = { ...readTokenSet(tokenSet, this.#context.now()), claims: undefined };
          if (attempt !== undefined) recordRefresh(this.#context, site, attempt, client, response);
          else if (grantType === 'client_credentials')
            recordClientGrant(this.#context, site, { client, grantType, requested, response });
          else {
            const flow = grantType === 'authorization_code' ? 'code' : grantType;
            recordGrant(this.#context, site, { client, grantType, flow, requested, response });
          }
        },
        failed: (error) => {
          if (ASK_AGAIN.has(memberOf(error, 'error'))) return;
          const others = ['assertion', 'password', 'subject_token'].map((name) => parameterOf(body, name));
          recordAuthorizationFailure(this.#context, site, {
            client,
            error,
            grantType,
            secrets: [...secrets, ...others],
          });
        },
      };
    };
  }

  /** `revoke(token, hint)`. */
  observeRevocation(): Observe {
    return ([token, hint], client) => {
      if (typeof token !== 'string') return undefined;
      const site = this.#context.lifecycle.callSite();
      return {
        succeeded: () => {
          const type = typeOfHint(typeof hint === 'string' ? hint : undefined);
          recordRevocation(this.#context, site, { client: identityOf(client), token, type });
        },
        // A revocation that failed leaves a token alive that was meant to die; the request's client span says so.
        failed: () => undefined,
      };
    };
  }

  /** `introspect(token, hint)`. */
  observeIntrospection(): Observe {
    return ([token, hint], self) => {
      if (typeof token !== 'string') return undefined;
      const site = this.#context.lifecycle.callSite();
      const client = identityOf(self);
      return {
        succeeded: (answer) => {
          const type = typeOfHint(typeof hint === 'string' ? hint : undefined);
          recordIntrospection(this.#context, site, { client, token, type }, answer);
        },
        failed: (error) => {
          recordIntrospectionFailure(this.#context, site, { client, token }, error);
        },
      };
    };
  }

  /** `userinfo(accessToken)`, which may be a TokenSet. */
  observeUserInfo(): Observe {
    return ([given], client) => {
      const token = tokenIn(given, 'access_token');
      if (token === undefined) return undefined;
      const site = this.#context.lifecycle.callSite();
      const shown = { client: identityOf(client), token };
      return {
        succeeded: (answer) => {
          recordUserInfo(this.#context, site, shown, answer);
        },
        failed: (error) => {
          recordUserInfoFailure(this.#context, site, shown, error);
        },
      };
    };
  }

  /** `endSessionUrl(parameters)`. */
  observeEndSession(): Observe {
    return ([parameters], client) => {
      const site = this.#context.lifecycle.callSite();
      return {
        succeeded: () => {
          const hint = tokenIn(memberOf(parameters, 'id_token_hint'), 'id_token');
          recordLogout(this.#context, site, { client: identityOf(client), hint });
        },
        failed: () => undefined,
      };
    };
  }

  /** Notes that a method is at work with a code or token. */
  #begin(secret: string | undefined): Work {
    const work = this.#atWork.get(secret ?? '') ?? {};
    if (secret !== undefined) this.#atWork.set(secret, work);
    return work;
  }

  #end(secret: string | undefined): void {
    if (secret !== undefined) this.#atWork.delete(secret);
  }
}

function identityOf(client: unknown): ClientIdentity {
  const id = memberOf(client, 'client_id');
  return {
    clientId: typeof id === 'string' ? id : undefined,
    issuer: stringOf(memberOf(memberOf(client, 'issuer'), 'issuer')),
  };
}

function stringOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
