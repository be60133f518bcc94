import { memberOf } from '../../attach/global-api.ts';
import type { EventContext } from '../../events/event-context.ts';
import { recordSessionEnd } from '../../events/session-end.ts';
import type { Library, Observe } from '../library.ts';
import { MODULE_EXPORTS, wrapFactory, wrapMethod } from '../wrap.ts';
import { noteAlternatives } from './alternatives.ts';
import { PASSPORT_VERSIONS } from './versions.ts';

/** The hooks of passport itself. What happens in a strategy, the strategy's hooks tell. */
export function passportLibrary(context: EventContext): Library {
  return {
    versions: PASSPORT_VERSIONS,
    patch: (file) => {
      if (file.path === 'lib/sessionmanager.js') {
        const prototype = memberOf(file.exports, 'prototype');
        wrapMethod(file, prototype, 'logOut', observeLogOut(context), { callback: true });
      } else {
        wrapFactory(file, MODULE_EXPORTS, ([, strategies]) => observeMiddleware(strategies));
      }
    },
  };
}

/** `authenticate(passport, strategies, …)` makes the middleware. */
function observeMiddleware(strategies: unknown): Observe {
  const several = Array.isArray(strategies) && strategies.length > 1;
  return ([request]) => {
    if (several) noteAlternatives(request);
    return undefined;
  };
}

/** `logOut(request, options, callback)`, behind `request.logOut()`. */
function observeLogOut(context: EventContext): Observe {
  const { lifecycle } = context;
  return () => {
    const site = lifecycle.callSite();
    const session = lifecycle.sessionAt(site);
    if (session === undefined) return undefined;
    return {
      succeeded: () => {
        recordSessionEnd(context, site, { session, reason: 'logout' });
      },
      failed: () => undefined,
    };
  };
}
