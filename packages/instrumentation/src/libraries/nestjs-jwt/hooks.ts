import { memberOf } from '../../attach/global-api.ts';
import type { EventContext } from '../../events/event-context.ts';
import { recordRejection } from '../../events/rejection.ts';
import { rejectionReason } from '../jsonwebtoken/rejection-reason.ts';
import type { Library, Observe } from '../library.ts';
import { wrapMethod } from '../wrap.ts';
import { NESTJS_JWT_VERSIONS } from './versions.ts';

/** The hooks of @nestjs/jwt: a token may be refused because no key was found, before jsonwebtoken sees it. */
export function nestjsJwtLibrary(context: EventContext): Library {
  const verify = observeVerify(context);
  return {
    versions: NESTJS_JWT_VERSIONS,
    patch: (file) => {
      const prototype = memberOf(memberOf(file.exports, 'JwtService'), 'prototype');
      wrapMethod(file, prototype, 'verify', verify);
      wrapMethod(file, prototype, 'verifyAsync', verify);
    },
  };
}

/** `verify(token, options)` and its asynchronous twin. What succeeds, jsonwebtoken has told already. */
function observeVerify(context: EventContext): Observe {
  return ([input]) => {
    const site = context.lifecycle.callSite();
    const token = typeof input === 'string' ? input : undefined;
    return {
      succeeded: () => undefined,
      failed: (error) => {
        recordRejection(context, site, { token, reason: rejectionReason(error, token), error });
      },
    };
  };
}
