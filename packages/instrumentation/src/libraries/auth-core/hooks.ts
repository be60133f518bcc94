import { memberOf } from '../../attach/global-api.ts';
import { recordAuthorizationFailure, recordAuthorizationRequest } from '../../events/authorization.ts';
import type { EventContext } from '../../events/event-context.ts';
import { scopeList } from '../../session/claims.ts';
import type { Library, Observe } from '../library.ts';
import { wrapExport } from '../wrap.ts';
import { clientOf, CookieLogins } from './cookie-logins.ts';
import { AUTH_CORE_VERSIONS } from './versions.ts';

/**
 * The hooks of `@auth/core`, around which the packages for frameworks are built. The login itself is seen in
 * oauth4webapi, the opening of the session cookie in jose; here is what ties a cookie to a login.
 */
export function authCoreLibrary(context: EventContext): Library {
  const logins = new CookieLogins(context);
  const hooks: Readonly<Record<string, readonly [string, Observe]>> = {
    'lib/actions/signin/authorization-url.js': ['getAuthorizationUrl', observeSignIn(context)],
    'lib/actions/callback/oauth/callback.js': [
      'handleOAuth',
      ([parameters, , options]) => logins.observeExchange({ options, parameters }),
    ],
    'lib/actions/callback/index.js': ['callback', ([, options]) => logins.observeCallback(options)],
    'lib/actions/session.js': ['session', ([options, store]) => logins.observeSession(options, store)],
    'lib/actions/signout.js': ['signOut', ([, store]) => logins.observeSignOut(store)],
  };
  return {
    versions: AUTH_CORE_VERSIONS,
    patch: (file) => {
      const hook = hooks[file.path];
      if (hook !== undefined) wrapExport(file, hook[0], hook[1]);
    },
  };
}

/** `getAuthorizationUrl(query, options)`: it builds the address itself. */
function observeSignIn(context: EventContext): Observe {
  return ([, options]) => {
    const site = context.lifecycle.callSite();
    const client = clientOf(memberOf(options, 'provider'));
    return {
      succeeded: (result) => {
        const location = memberOf(result, 'redirect');
        if (typeof location !== 'string' || !URL.canParse(location)) return;
        const sent = new URL(location).searchParams;
        recordAuthorizationRequest(context, site, {
          client,
          scope: scopeList(sent.get('scope')),
          state: sent.get('state') ?? undefined,
          responseType: sent.get('response_type') ?? undefined,
        });
      },
      failed: (error) => {
        recordAuthorizationFailure(context, site, { client, error });
      },
    };
  };
}
