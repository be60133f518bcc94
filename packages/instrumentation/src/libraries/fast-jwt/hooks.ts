import { memberOf } from '../../attach/global-api.ts';
import type { EventContext } from '../../events/event-context.ts';
import { recordRejection } from '../../events/rejection.ts';
import { bindVerified } from '../../events/verification.ts';
import { peekPayload } from '../../session/token.ts';
import { isSigned } from '../jsonwebtoken/rejection-reason.ts';
import type { Library, Observe } from '../library.ts';
import { MODULE_EXPORTS, wrapFactory } from '../wrap.ts';
import { isAfterSignature, rejectionReason } from './rejection-reason.ts';
import { FAST_JWT_VERSIONS } from './versions.ts';

/** The hooks of fast-jwt. @fastify/jwt verifies through it. */
export function fastJwtLibrary(context: EventContext): Library {
  return {
    versions: FAST_JWT_VERSIONS,
    patch: (file) => {
      wrapFactory(file, MODULE_EXPORTS, ([options]) => observeVerifier(context, options), { callback: true });
    },
  };
}

/** A verifier `(token, callback)`: it returns, or gives a promise or calls back where its key is a function. */
function observeVerifier(context: EventContext, options: unknown): Observe {
  const complete = memberOf(options, 'complete') === true;
  return ([input]) => {
    const site = context.lifecycle.callSite();
    const token = Buffer.isBuffer(input) ? input.toString('utf8') : textOf(input);
    const signed = token !== undefined && isSigned(token);
    return {
      succeeded: (result) => {
        const payload = complete ? memberOf(result, 'payload') : result;
        if (!signed || typeof payload !== 'object' || payload === null) return;
        const header = complete ? memberOf(result, 'header') : undefined;
        bindVerified(context, site, { payload, header, token });
      },
      failed: (error) => {
        recordRejection(context, site, {
          token,
          payload: signed && isAfterSignature(error) ? peekPayload(token) : undefined,
          reason: rejectionReason(error, input),
          // Not the error: with a cache, many calls are refused with the same one.
        });
      },
    };
  };
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
