import { memberOf } from '../../attach/global-api.ts';
import type { EventContext } from '../../events/event-context.ts';
import { recordRejection, type RejectionReason } from '../../events/rejection.ts';
import { bearerToken } from '../bearer-token.ts';
import { rejectionReason } from '../jsonwebtoken/rejection-reason.ts';
import type { Library, Observe } from '../library.ts';
import { wrapFactory } from '../wrap.ts';
import { EXPRESS_JWT_VERSIONS } from './versions.ts';

/** The hooks of express-jwt: what its middleware refuses before and after jsonwebtoken has looked at a token. */
export function expressJwtLibrary(context: EventContext): Library {
  return {
    versions: EXPRESS_JWT_VERSIONS,
    patch: (file) => {
      wrapFactory(file, 'expressjwt', ([options]) => observeMiddleware(context, options), { callback: true });
    },
  };
}

const BY_CODE: ReadonlyMap<unknown, RejectionReason> = new Map([
  ['credentials_required', 'missing'],
  // Some other scheme: no bearer token was sent.
  ['credentials_bad_scheme', 'missing'],
  ['credentials_bad_format', 'malformed'],
  ['revoked_token', 'revoked'],
]);

/** The middleware `(request, response, next)`: it refuses by `next(error)`. */
function observeMiddleware(context: EventContext, options: unknown): Observe {
  // An application's own `getToken` is not called twice.
  const fromHeader = memberOf(options, 'getToken') === undefined;
  return ([request]) => {
    const site = context.lifecycle.callSite();
    return {
      succeeded: () => undefined,
      failed: (error) => {
        const token = fromHeader ? bearerToken(request) : undefined;
        // What jsonwebtoken threw; it has been recorded already.
        const inner = memberOf(error, 'code') === 'invalid_token' ? memberOf(error, 'inner') : error;
        const reason = BY_CODE.get(memberOf(error, 'code')) ?? rejectionReason(inner, token);
        recordRejection(context, site, { token, reason, error: inner });
      },
    };
  };
}
