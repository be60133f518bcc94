import { ATTR_OIDC_SESSION_END_REASON, EVENT_SESSION_ENDED } from '@spanledger/record';
import type { HookContext, Observe } from '../library.ts';
import { clientAttributes, clientIdentity, parameterOf } from './client.ts';

/**
 * Observes `buildEndSessionUrl(config, parameters)`: somebody is sent to the provider to log out. Whose session it is,
 * `id_token_hint` says if that token was issued here (a hint is not proof: it is looked up, not read), else the request.
 */
export function observeEndSession({ lifecycle, sessions }: HookContext): Observe {
  return ([configuration, parameters]) => {
    const site = lifecycle.callSite();
    return {
      succeeded: () => {
        const hint = parameterOf(parameters, 'id_token_hint');
        const session =
          (hint === undefined ? undefined : sessions.ofToken(hint)) ?? lifecycle.sessionAt(site);
        if (session !== undefined) {
          session.state = 'logged_out';
          sessions.ended(session);
          lifecycle.bind(site, { session, token: undefined });
        }
        lifecycle.record(site, EVENT_SESSION_ENDED, {
          ...clientAttributes(clientIdentity(configuration)),
          ...session?.describe(),
          [ATTR_OIDC_SESSION_END_REASON]: 'logout',
        });
      },
      failed: () => undefined,
    };
  };
}
