import { memberOf } from '../../attach/global-api.ts';
import type { EventContext } from '../../events/event-context.ts';
import { bindDecrypted, recordDecryptionFailure } from '../../events/decryption.ts';
import { recordRejection, type RejectionReason } from '../../events/rejection.ts';
import { bindVerified } from '../../events/verification.ts';
import type { Library, Observe } from '../library.ts';
import { wrapExport } from '../wrap.ts';
import { JOSE_VERSIONS } from './versions.ts';

/** The hooks of panva/jose. */
export function joseLibrary(context: EventContext): Library {
  const verify = observeJwtVerify(context);
  const decrypt = observeJwtDecrypt(context);
  return {
    versions: JOSE_VERSIONS,
    patch: (file) => {
      // The entry exports both.
      if (!file.path.endsWith('/decrypt.js')) wrapExport(file, 'jwtVerify', verify);
      if (!file.path.endsWith('/verify.js')) wrapExport(file, 'jwtDecrypt', decrypt);
    },
  };
}

/**
 * Observes `jwtVerify(token, key, options)`: a verified token binds its session to the request, one that does not
 * verify becomes an event with the reason.
 */
function observeJwtVerify(context: EventContext): Observe {
  return ([input]) => {
    const site = context.lifecycle.callSite();
    const token = textOf(input);
    return {
      succeeded: (result) => {
        const payload = memberOf(result, 'payload');
        if (typeof payload !== 'object' || payload === null) return;
        bindVerified(context, site, { payload, header: memberOf(result, 'protectedHeader'), token });
      },
      failed: (error) => {
        // Signature first, claims then: an error that carries a payload is about claims that are genuine.
        const payload = memberOf(error, 'payload');
        recordRejection(context, site, {
          token,
          payload: typeof payload === 'object' && payload !== null ? payload : undefined,
          reason: rejectionReason(error),
          error,
        });
      },
    };
  };
}

/**
 * Observes `jwtDecrypt(token, key, options)`: what an application encrypted for itself, such as the session cookies of
 * `@auth/core` and `next-auth`, may stand for a session.
 */
function observeJwtDecrypt(context: EventContext): Observe {
  return ([input]) => {
    const token = textOf(input);
    if (token === undefined) return undefined;
    const site = context.lifecycle.callSite();
    return {
      succeeded: (result) => {
        const payload = memberOf(result, 'payload');
        bindDecrypted(context, site, { token, payload, header: memberOf(result, 'protectedHeader') });
      },
      failed: (error) => {
        const payload = memberOf(error, 'payload');
        recordDecryptionFailure(context, site, { token, payload, reason: rejectionReason(error), error });
      },
    };
  };
}

const BY_CODE: ReadonlyMap<unknown, RejectionReason> = new Map([
  ['ERR_JWT_EXPIRED', 'expired'],
  ['ERR_JWS_SIGNATURE_VERIFICATION_FAILED', 'bad_signature'],
  ['ERR_JWT_INVALID', 'malformed'],
  ['ERR_JWS_INVALID', 'malformed'],
  ['ERR_JWE_INVALID', 'malformed'],
  ['ERR_JWE_DECRYPTION_FAILED', 'unknown_key'],
  ['ERR_JOSE_ALG_NOT_ALLOWED', 'algorithm_not_allowed'],
  ['ERR_JOSE_NOT_SUPPORTED', 'algorithm_not_allowed'],
  ['ERR_JWKS_NO_MATCHING_KEY', 'unknown_key'],
  ['ERR_JWKS_MULTIPLE_MATCHING_KEYS', 'unknown_key'],
  ['ERR_JWKS_TIMEOUT', 'keys_unavailable'],
  ['ERR_JWKS_INVALID', 'keys_unavailable'],
]);

const BY_CLAIM: ReadonlyMap<unknown, RejectionReason> = new Map([
  ['aud', 'wrong_audience'],
  ['iss', 'wrong_issuer'],
  ['nbf', 'not_yet_valid'],
]);

/** The reason in an error of jose. */
export function rejectionReason(error: unknown): RejectionReason {
  const code = memberOf(error, 'code');
  if (code === 'ERR_JWT_CLAIM_VALIDATION_FAILED') {
    return BY_CLAIM.get(memberOf(error, 'claim')) ?? 'invalid_claim';
  }
  return BY_CODE.get(code) ?? 'other';
}

/** jose takes a string or its bytes. */
function textOf(token: unknown): string | undefined {
  if (typeof token === 'string') return token;
  return token instanceof Uint8Array ? Buffer.from(token).toString('latin1') : undefined;
}
