import { memberOf } from '../../attach/global-api.ts';
import type { EventContext } from '../../events/event-context.ts';
import { recordRejection, type RejectionReason } from '../../events/rejection.ts';
import { bearerToken } from '../bearer-token.ts';
import { rejectionReason } from '../jsonwebtoken/rejection-reason.ts';
import type { Library, LoadedFile, Observe } from '../library.ts';
import { MODULE_EXPORTS, wrapAround, wrapFactory } from '../wrap.ts';
import { KOA_JWT_VERSIONS } from './versions.ts';

/**
 * The hooks of koa-jwt. It tries each of several secrets, and a token that one of them fits is good: what jsonwebtoken
 * says of the others is recorded only where the middleware gives up.
 */
export function koaJwtLibrary(context: EventContext): Library {
  return {
    versions: KOA_JWT_VERSIONS,
    patch: (file) => {
      if (file.path === 'lib/verify.js') tryOut(context, file);
      else
        wrapFactory(file, MODULE_EXPORTS, ([options]) => observeMiddleware(context, options), {
          callback: true,
        });
    },
  };
}

function tryOut({ lifecycle }: EventContext, file: LoadedFile): void {
  wrapAround(file, 'verify', (call) => lifecycle.tryOut(call));
}

/** The middleware `(ctx, next)`: it throws, or with `passthrough` leaves the error in the state for others. */
function observeMiddleware(context: EventContext, options: unknown): Observe {
  const fromHeader = memberOf(options, 'getToken') === undefined && memberOf(options, 'cookie') === undefined;
  return ([ctx]) => {
    const site = context.lifecycle.callSite();
    const refuse = (error: unknown): void => {
      const token = fromHeader ? bearerToken(ctx) : undefined;
      recordRejection(context, site, { token, reason: reasonOf(error, token), error });
    };
    return {
      // `next` was called. With `passthrough` that is also so where the token is bad, or none was sent.
      succeeded: () => {
        const error = memberOf(memberOf(ctx, 'state'), 'jwtOriginalError');
        const message = memberOf(error, 'message');
        const none = fromHeader ? bearerToken(ctx) === undefined : message === 'jwt must be provided';
        if (error !== undefined && !none) refuse(error);
      },
      failed: (error) => {
        const original = memberOf(error, 'originalError');
        if (original !== undefined) refuse(original);
        else if (memberOf(error, 'status') === 401)
          recordRejection(context, site, { token: undefined, reason: 'missing', error });
        else refuse(error);
      },
    };
  };
}

const BY_MESSAGE: ReadonlyMap<unknown, RejectionReason> = new Map([
  ['Token revoked', 'revoked'],
  ['Secret not provided', 'keys_unavailable'],
  ['Invalid token', 'malformed'],
]);

function reasonOf(error: unknown, token: string | undefined): RejectionReason {
  return BY_MESSAGE.get(memberOf(error, 'message')) ?? rejectionReason(error, token);
}
