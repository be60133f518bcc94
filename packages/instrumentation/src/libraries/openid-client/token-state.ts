import { ATTR_OIDC_TOKEN_ACTIVE, EVENT_TOKEN_INTROSPECTED, EVENT_TOKEN_REVOKED } from '@spanledger/record';
import { memberOf } from '../../attach/global-api.ts';
import { describeToken, type TokenType } from '../../session/token.ts';
import { tokenAttributes } from '../../session/token-attributes.ts';
import type { HookContext, Observe } from '../library.ts';
import { clientAttributes, clientIdentity, parameterOf } from './client.ts';
import { failureAttributes } from './failure.ts';

/** Observes `tokenRevocation(config, token, parameters)`. */
export function observeRevocation({ lifecycle, sessions }: HookContext): Observe {
  return ([configuration, token, parameters]) => {
    const site = lifecycle.callSite();
    return {
      succeeded: () => {
        if (typeof token !== 'string') return;
        const session = sessions.ofToken(token);
        const type = typeHint(parameters);
        // Without the refresh token nothing can follow; without an access token the next one can.
        if (session !== undefined && type === 'refresh') session.state = 'revoked';
        lifecycle.record(site, EVENT_TOKEN_REVOKED, {
          ...clientAttributes(clientIdentity(configuration)),
          ...session?.describe(),
          ...tokenAttributes(describeToken(type, token)),
        });
      },
      // A revocation that failed leaves a token alive that was meant to die; the client span of the request says so.
      failed: () => undefined,
    };
  };
}

/**
 * Observes `tokenIntrospection(config, token, parameters)`: how a resource server verifies an opaque token. The
 * provider's "active" vouches for the session.
 */
export function observeIntrospection({ lifecycle, sessions }: HookContext): Observe {
  return ([configuration, token, parameters]) => {
    const site = lifecycle.callSite();
    const client = clientIdentity(configuration);
    return {
      succeeded: (answer) => {
        if (typeof token !== 'string') return;
        const active = memberOf(answer, 'active') === true;
        const info = describeToken(typeHint(parameters), token);
        const session = active
          ? (sessions.ofToken(token) ?? sessions.resolve({ iss: client.issuer, ...Object(answer) }, token))
          : sessions.ofToken(token);
        if (active && session !== undefined) lifecycle.bind(site, { session, token: info });
        lifecycle.record(site, EVENT_TOKEN_INTROSPECTED, {
          ...clientAttributes(client),
          ...session?.describe(),
          ...tokenAttributes(info),
          [ATTR_OIDC_TOKEN_ACTIVE]: active,
        });
      },
      failed: (error) => {
        lifecycle.record(site, EVENT_TOKEN_INTROSPECTED, {
          ...clientAttributes(client),
          ...failureAttributes(error, token),
        });
      },
    };
  };
}

function typeHint(parameters: unknown): TokenType {
  return parameterOf(parameters, 'token_type_hint') === 'refresh_token' ? 'refresh' : 'access';
}
