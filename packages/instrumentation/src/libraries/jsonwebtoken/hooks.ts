import { memberOf } from '../../attach/global-api.ts';
import type { EventContext } from '../../events/event-context.ts';
import { recordRejection } from '../../events/rejection.ts';
import { bindVerified } from '../../events/verification.ts';
import { peekPayload } from '../../session/token.ts';
import type { Library, Observe } from '../library.ts';
import { wrapModule } from '../wrap.ts';
import { isAfterSignature, isSigned, rejectionReason } from './rejection-reason.ts';
import { JSONWEBTOKEN_VERSIONS } from './versions.ts';

/** The hooks of jsonwebtoken. express-jwt, koa-jwt, passport-jwt and @nestjs/jwt verify through it. */
export function jsonwebtokenLibrary(context: EventContext): Library {
  const verify = observeVerify(context);
  return {
    versions: JSONWEBTOKEN_VERSIONS,
    patch: (file) => {
      wrapModule(file, 'verify', verify, { callback: true });
    },
  };
}

/** Observes `verify(token, key, options, callback)`; options may be left out, and without a callback it returns. */
export function observeVerify(context: EventContext): Observe {
  return ([input, , options]) => {
    const site = context.lifecycle.callSite();
    const token = typeof input === 'string' ? input : undefined;
    return {
      succeeded: (result) => {
        const complete = memberOf(options, 'complete') === true;
        const payload = complete ? memberOf(result, 'payload') : result;
        if (token === undefined || !isSigned(token)) return;
        if (typeof payload !== 'object' || payload === null) return;
        bindVerified(context, site, {
          payload,
          header: complete ? memberOf(result, 'header') : undefined,
          token,
        });
      },
      failed: (error) => {
        const reason = rejectionReason(error, token);
        const genuine = token !== undefined && isSigned(token) && isAfterSignature(reason);
        recordRejection(context, site, {
          token,
          payload: genuine ? peekPayload(token) : undefined,
          reason,
          error,
        });
      },
    };
  };
}
