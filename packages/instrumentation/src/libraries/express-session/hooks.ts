import { memberOf } from '../../attach/global-api.ts';
import type { EventContext } from '../../events/event-context.ts';
import { recordSessionEnd } from '../../events/session-end.ts';
import type { Library, Observe } from '../library.ts';
import { MODULE_EXPORTS, wrapFactory, wrapMethod } from '../wrap.ts';
import { EXPRESS_SESSION_VERSIONS } from './versions.ts';

/**
 * The hooks of express-session. A person who has logged in is known to the application by a cookie from then on: the
 * OpenID Connect session of the login is remembered with the cookie session, by a digest of its id, in this process.
 *
 * Only a login puts an id into a session, and only when the cookie session is saved in the request of that login. An id
 * that `regenerate` gave up never binds again, and the new one binds only if the same request logs somebody in: that is
 * what applications call it for, and an id that somebody may have planted is nobody's.
 */
export function expressSessionLibrary(context: EventContext): Library {
  return {
    versions: EXPRESS_SESSION_VERSIONS,
    patch: (file) => {
      if (file.path === 'index.js') {
        wrapFactory(file, MODULE_EXPORTS, () => observeLoading(context), { callback: true });
        return;
      }
      const prototype = memberOf(file.exports, 'prototype');
      wrapMethod(file, prototype, 'save', observeSave(context));
      wrapMethod(file, prototype, 'regenerate', observeRegenerate(context));
      wrapMethod(file, prototype, 'destroy', observeDestroy(context), { callback: true });
    },
  };
}

/** The middleware `(request, response, next)`: whatever the store is, the session is there when it calls `next`. */
function observeLoading({ lifecycle, sessions }: EventContext): Observe {
  return ([request]) => {
    const site = lifecycle.callSite();
    return {
      succeeded: () => {
        const key = keyOf(memberOf(request, 'sessionID'));
        const session = key === undefined ? undefined : sessions.ofToken(key);
        if (key === undefined || session === undefined) return;
        // An application may log people out and keep the cookie session for other things.
        if (session.state === 'logged_out') sessions.forget(key);
        else lifecycle.bind(site, { session, token: session.accessToken });
      },
      // A store that fails to answer: the request has no session.
      failed: () => undefined,
    };
  };
}

function observeSave({ lifecycle, sessions }: EventContext): Observe {
  return (_args, self) => {
    const key = keyOf(memberOf(self, 'id'));
    const session = lifecycle.loginAt(lifecycle.callSite());
    if (key !== undefined && session !== undefined) sessions.remember(session, key);
    return undefined;
  };
}

function observeRegenerate({ sessions }: EventContext): Observe {
  return (_args, self) => {
    const key = keyOf(memberOf(self, 'id'));
    if (key !== undefined) sessions.forget(key);
    return undefined;
  };
}

/** `destroy(callback)`: how applications without passport log people out. */
function observeDestroy(context: EventContext): Observe {
  const { lifecycle, sessions } = context;
  return (_args, self) => {
    const key = keyOf(memberOf(self, 'id'));
    const session = key === undefined ? undefined : sessions.ofToken(key);
    if (key === undefined || session === undefined) return undefined;
    const site = lifecycle.callSite();
    return {
      succeeded: () => {
        sessions.forget(key);
        recordSessionEnd(context, site, { session, reason: 'logout' });
      },
      failed: () => undefined,
    };
  };
}

function keyOf(id: unknown): string | undefined {
  return typeof id === 'string' && id !== '' ? `express-session ${id}` : undefined;
}
