import {
  ATTR_OIDC_FLOW,
  ATTR_OIDC_GRANT_TYPE,
  ATTR_OIDC_SCOPE,
  ATTR_OIDC_SCOPE_REQUESTED,
  ATTR_USER_ID,
  EVENT_AUTHORIZATION_FAILED,
  EVENT_TOKEN_ISSUED,
} from '@spanledger/record';
import { scopeList } from '../../session/claims.ts';
import { defined } from '../../session/session.ts';
import { tokenAttributes } from '../../session/token-attributes.ts';
import type { HookContext, Observe } from '../library.ts';
import { clientAttributes, clientIdentity, parameterOf } from './client.ts';
import { failureAttributes } from './failure.ts';
import { readTokenResponse } from './token-response.ts';

const GRANT_TYPE = 'client_credentials';

/**
 * Observes `clientCredentialsGrant(config, parameters)`: a service gets a token for itself. No request is bound to it:
 * the one that is being handled may be a user's.
 */
export function observeClientCredentials({ lifecycle, now }: HookContext): Observe {
  return ([configuration, parameters]) => {
    const site = lifecycle.callSite();
    const client = clientIdentity(configuration);
    // Who asks is known without looking at any token: the client itself.
    const about = {
      ...clientAttributes(client),
      ...defined({
        [ATTR_USER_ID]: client.clientId,
        [ATTR_OIDC_SCOPE_REQUESTED]: scopeList(parameterOf(parameters, 'scope')),
      }),
      [ATTR_OIDC_GRANT_TYPE]: GRANT_TYPE,
      [ATTR_OIDC_FLOW]: GRANT_TYPE,
    };
    return {
      succeeded: (result) => {
        const response = readTokenResponse(result, now());
        lifecycle.record(site, EVENT_TOKEN_ISSUED, {
          ...about,
          ...defined({ [ATTR_OIDC_SCOPE]: response.scope }),
          ...(response.accessToken && tokenAttributes(response.accessToken)),
        });
      },
      failed: (error) => {
        lifecycle.record(site, EVENT_AUTHORIZATION_FAILED, { ...about, ...failureAttributes(error) });
      },
    };
  };
}
