import type { EventContext } from '../../events/event-context.ts';
import { recordAuthorizationFailure, recordAuthorizationRequest } from '../../events/authorization.ts';
import { recordClientGrant, recordGrant } from '../../events/grant.ts';
import { beginRefresh, recordRefresh } from '../../events/refresh.ts';
import { recordSessionEnd } from '../../events/session-end.ts';
import { readTokenResponse } from '../../events/token-response.ts';
import {
  recordIntrospection,
  recordIntrospectionFailure,
  recordRevocation,
  typeOfHint,
} from '../../events/token-state.ts';
import { memberOf } from '../../attach/global-api.ts';
import { scopeList } from '../../session/claims.ts';
import type { Library, Observe } from '../library.ts';
import { wrapExport } from '../wrap.ts';
import { clientIdentity, parameterOf } from './configuration.ts';
import { OPENID_CLIENT_VERSIONS } from './versions.ts';

/** The hooks of panva/openid-client 6: functions that take a `Configuration` first. */
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
  };
  return {
    versions: OPENID_CLIENT_VERSIONS,
    patch: (file) => {
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
  return ([configuration, currentUrl]) => {
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
          secrets: [answerParameter(currentUrl, 'code')],
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
        const { session } = attempt;
        const secrets = [refreshToken];
        recordAuthorizationFailure(context, site, {
          client,
          session,
          error,
          secrets,
          grantType: 'refresh_token',
        });
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
        recordAuthorizationFailure(context, site, { client, error, grantType });
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

/**
 * `buildEndSessionUrl(config, parameters)`: somebody is sent to the provider to log out. Whose session it is,
 * `id_token_hint` says if that token was issued here (a hint is not proof: it is looked up, not read), else the request.
 */
function observeEndSession(context: EventContext): Observe {
  const { lifecycle, sessions } = context;
  return ([configuration, parameters]) => {
    const site = lifecycle.callSite();
    return {
      succeeded: () => {
        const hint = parameterOf(parameters, 'id_token_hint');
        const session =
          (hint === undefined ? undefined : sessions.ofToken(hint)) ?? lifecycle.sessionAt(site);
        if (session !== undefined) lifecycle.bind(site, { session, token: undefined });
        recordSessionEnd(context, site, { session, reason: 'logout', client: clientIdentity(configuration) });
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
