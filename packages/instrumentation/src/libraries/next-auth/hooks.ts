import { memberOf } from '../../attach/global-api.ts';
import type { EventContext } from '../../events/event-context.ts';
import { CookieLogins } from '../auth-core/cookie-logins.ts';
import type { Library, Observe } from '../library.ts';
import { warnAboutMissing, wrapExport } from '../wrap.ts';
import { NEXT_AUTH_VERSIONS } from './versions.ts';

/**
 * The hooks of next-auth 4: what ties a session cookie to a login, which is seen in openid-client 5. Every function takes
 * one object, and is its file's default export.
 */
export function nextAuthLibrary(context: EventContext): Library {
  const logins = new CookieLogins(context);
  const hooks: Readonly<Record<string, readonly [string, Observe]>> = {
    'core/lib/oauth/callback.js': [
      'oAuthCallback',
      ([call]) => {
        const options = memberOf(call, 'options');
        const { query, body } = Object(call);
        const parameters = { ...Object(query), ...Object(body) };
        return logins.observeExchange({ options, parameters });
      },
    ],
    'core/routes/callback.js': ['callback', ([call]) => logins.observeCallback(memberOf(call, 'options'))],
    'core/routes/session.js': [
      'session',
      ([call]) => logins.observeSession(memberOf(call, 'options'), memberOf(call, 'sessionStore')),
    ],
    'core/routes/signout.js': ['signout', ([call]) => logins.observeSignOut(memberOf(call, 'sessionStore'))],
  };
  return {
    versions: NEXT_AUTH_VERSIONS,
    patch: (file) => {
      const hook = hooks[file.path];
      if (hook === undefined) return;
      const [name, observe] = hook;
      if (typeof memberOf(file.exports, 'default') === 'function') wrapExport(file, 'default', observe);
      else warnAboutMissing(file, name);
    },
  };
}
