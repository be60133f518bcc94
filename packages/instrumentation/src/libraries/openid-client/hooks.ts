import type { EventContext } from '../../events/event-context.ts';
import { recordAuthorizationFailure, recordAuthorizationRequest } from '../../events/authorization.ts';
import { recordClientGrant, recordGrant } from '../../events/grant.ts';
import { beginRefresh, recordRefresh, recordRefreshFailure } from '../../events/refresh.ts';
import { recordLogout } from '../../events/session-end.ts';
import { readTokenResponse } from '../../events/token-response.ts';
import {
  recordIntrospection,
  recordIntrospectionFailure,
  recordRevocation,
  typeOfHint,
} from '../../events/token-state.ts';
import { recordUserInfo, recordUserInfoFailure } from '../../events/user-info.ts';
import { memberOf } from '../../attach/global-api.ts';
import { scopeList } from '../../session/claims.ts';
import type { Library, Observe } from '../library.ts';
import { wrapExport } from '../wrap.ts';
import { createClientHooks } from './client-hooks.ts';
import { clientIdentity, clientSecret, parameterOf } from './configuration.ts';
import { OPENID_CLIENT_VERSIONS } from './versions.ts';

/** The hooks of panva/openid-client. Version 5 has clients; the functions of version 6 take a `Configuration` first. */
export function openidClientLibrary(context: EventContext): Library {
  const authorization = observeAuthorization(context);
  const hooks: Readonly<Record<string, Observe>> = {
    buildAuthorizationUrl: authorization,
    buildAuthorizationUrlWithJAR: authorization,
    buildAuthorizationUrlWithPAR: authorization,
    authorizationCodeGrant: observeCodeGrant(context),
    refreshTokenGrant: observeRefresh(context),
    clientCredentialsGrant: observeClientCredentials(context),
    tokenRevocation: observeRevocation(context),
    tokenIntrospection: observeIntrospection(context),
    buildEndSessionUrl: observeEndSession(context),
    fetchUserInfo: observeUserInfo(context),
    implicitAuthentication: observeImplicit(context),
  };
  const clients = createClientHooks(context);
  return {
    versions: OPENID_CLIENT_VERSIONS,
    patch: (file) => {
      if (file.major === 5) clients(file);
      // Version 4 has files of the names of version 5, and is not covered.
      else if (file.major > 5)
        for (const [name, observe] of Object.entries(hooks)) wrapExport(file, name, observe);
    },
  };
}

/** `buildAuthorizationUrl(config, parameters)` and its variants. */
function observeAuthorization(context: EventContext): Observe {
  return ([configuration, parameters]) => {
    const site = context.lifecycle.callSite();
    return {
      succeeded: () => {
        recordAuthorizationRequest(context, site, {
          client: clientIdentity(configuration),
          scope: scopeList(parameterOf(parameters, 'scope')),
          state: parameterOf(parameters, 'state'),
          responseType: parameterOf(parameters, 'response_type'),
        });
      },
      failed: (error) => {
        recordAuthorizationFailure(context, site, { client: clientIdentity(configuration), error });
      },
    };
  };
}

/** `authorizationCodeGrant(config, currentUrl, checks, …)`. */
function observeCodeGrant(context: EventContext): Observe {
  return ([configuration, currentUrl, checks]) => {
    const site = context.lifecycle.callSite();
    const state = answerParameter(currentUrl, 'state');
    return {
      succeeded: (result) => {
        recordGrant(context, site, {
          client: clientIdentity(configuration),
          grantType: 'authorization_code',
          flow: 'code',
          state,
          response: readTokenResponse(result, context.now()),
        });
      },
      failed: (error) => {
        recordAuthorizationFailure(context, site, {
          client: clientIdentity(configuration),
          error,
          state,
          secrets: [
            answerParameter(currentUrl, 'code'),
            memberOf(checks, 'pkceCodeVerifier'),
            clientSecret(configuration),
          ],
        });
      },
    };
  };
}

/** `refreshTokenGrant(config, refreshToken, …)`. */
function observeRefresh(context: EventContext): Observe {
  return ([configuration, refreshToken]) => {
    const site = context.lifecycle.callSite();
    const client = clientIdentity(configuration);
    const attempt = beginRefresh(context, refreshToken);
    return {
      succeeded: (result) => {
        recordRefresh(context, site, attempt, client, readTokenResponse(result, context.now()));
      },
      failed: (error) => {
        const secrets = [refreshToken, clientSecret(configuration)];
        recordRefreshFailure(context, site, attempt, client, { error, secrets });
      },
    };
  };
}

/** `clientCredentialsGrant(config, parameters)`. */
function observeClientCredentials(context: EventContext): Observe {
  const grantType = 'client_credentials';
  return ([configuration, parameters]) => {
    const site = context.lifecycle.callSite();
    const client = clientIdentity(configuration);
    return {
      succeeded: (result) => {
        recordClientGrant(context, site, {
          client,
          grantType,
          requested: scopeList(parameterOf(parameters, 'scope')),
          response: readTokenResponse(result, context.now()),
        });
      },
      failed: (error) => {
        const secrets = [clientSecret(configuration)];
        recordAuthorizationFailure(context, site, { client, error, secrets, grantType });
      },
    };
  };
}

/** `tokenRevocation(config, token, parameters)`. */
function observeRevocation(context: EventContext): Observe {
  return ([configuration, token, parameters]) => {
    const site = context.lifecycle.callSite();
    return {
      succeeded: () => {
        if (typeof token !== 'string') return;
        const type = typeOfHint(parameterOf(parameters, 'token_type_hint'));
        recordRevocation(context, site, { client: clientIdentity(configuration), token, type });
      },
      // A revocation that failed leaves a token alive that was meant to die; the client span of the request says so.
      failed: () => undefined,
    };
  };
}

/** `tokenIntrospection(config, token, parameters)`. */
function observeIntrospection(context: EventContext): Observe {
  return ([configuration, token, parameters]) => {
    if (typeof token !== 'string') return undefined;
    const site = context.lifecycle.callSite();
    const client = clientIdentity(configuration);
    return {
      succeeded: (answer) => {
        const type = typeOfHint(parameterOf(parameters, 'token_type_hint'));
        recordIntrospection(context, site, { client, token, type }, answer);
      },
      failed: (error) => {
        recordIntrospectionFailure(context, site, { client, token }, error);
      },
    };
  };
}

/** `fetchUserInfo(config, accessToken, expectedSubject)`. */
function observeUserInfo(context: EventContext): Observe {
  return ([configuration, token]) => {
    if (typeof token !== 'string') return undefined;
    const site = context.lifecycle.callSite();
    const shown = { client: clientIdentity(configuration), token };
    return {
      succeeded: (answer) => {
        recordUserInfo(context, site, shown, answer);
      },
      failed: (error) => {
        recordUserInfoFailure(context, site, shown, error);
      },
    };
  };
}

/** `implicitAuthentication(config, currentUrl, nonce)`: the browser itself brought the ID token, whose claims it gives. */
function observeImplicit(context: EventContext): Observe {
  return ([configuration, currentUrl]) => {
    const site = context.lifecycle.callSite();
    const brought = currentUrl instanceof URL ? new URLSearchParams(currentUrl.hash.slice(1)) : undefined;
    const state = parameterOf(brought, 'state');
    const token = parameterOf(brought, 'id_token');
    return {
      succeeded: (claims) => {
        recordGrant(context, site, {
          client: clientIdentity(configuration),
          grantType: 'implicit',
          flow: 'implicit',
          state,
          response: readTokenResponse({ id_token: token }, context.now(), claims),
        });
      },
      failed: (error) => {
        const secrets = [state, token];
        recordAuthorizationFailure(context, site, { client: clientIdentity(configuration), error, secrets });
      },
    };
  };
}

/** `buildEndSessionUrl(config, parameters)`. */
function observeEndSession(context: EventContext): Observe {
  return ([configuration, parameters]) => {
    const site = context.lifecycle.callSite();
    return {
      succeeded: () => {
        const hint = parameterOf(parameters, 'id_token_hint');
        recordLogout(context, site, { client: clientIdentity(configuration), hint });
      },
      failed: () => undefined,
    };
  };
}

/** A parameter of the URL to which the provider sent the browser back. */
function answerParameter(currentUrl: unknown, name: string): string | undefined {
  const href = currentUrl instanceof URL ? currentUrl.href : memberOf(currentUrl, 'url');
  if (typeof href !== 'string' || !URL.canParse(href)) return undefined;
  return new URL(href).searchParams.get(name) ?? undefined;
}
