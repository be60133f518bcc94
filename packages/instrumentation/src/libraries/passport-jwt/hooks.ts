import { memberOf } from '../../attach/global-api.ts';
import type { EventContext } from '../../events/event-context.ts';
import { recordRejection } from '../../events/rejection.ts';
import { bearerToken } from '../bearer-token.ts';
import { rejectionReason } from '../jsonwebtoken/rejection-reason.ts';
import type { Library, Observe } from '../library.ts';
import { hasAlternatives } from '../passport/alternatives.ts';
import { hookName, tellFirst, wrapMethod } from '../wrap.ts';
import { PASSPORT_JWT_VERSIONS } from './versions.ts';

/** The hooks of passport-jwt: what it refuses before and after jsonwebtoken has looked at a token. */
export function passportJwtLibrary(context: EventContext): Library {
  return {
    versions: PASSPORT_JWT_VERSIONS,
    patch: (file) => {
      const what = hookName(file, 'fail');
      wrapMethod(
        file,
        memberOf(file.exports, 'prototype'),
        'authenticate',
        observeAuthenticate(context, what),
      );
    },
  };
}

/** `authenticate(request)`: passport gives the strategy of each request its own `fail`. */
function observeAuthenticate(context: EventContext, what: string): Observe {
  return ([request], self) => {
    if (typeof self !== 'object' || self === null) return undefined;
    const site = context.lifecycle.callSite();
    tellFirst(what, self, {
      fail: ([challenge]) => {
        if (memberOf(challenge, 'message') === 'No auth token') {
          if (hasAlternatives(request)) return;
          recordRejection(context, site, { token: undefined, reason: 'missing', error: challenge });
          return;
        }
        // Without an error it is the application that knows no such person.
        const token = bearerToken(request);
        recordRejection(context, site, {
          token,
          reason: rejectionReason(challenge, token),
          error: challenge,
        });
      },
    });
    return undefined;
  };
}
