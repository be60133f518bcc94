import { memberOf } from '../../attach/global-api.ts';

/** Why a token was not accepted: the same words for every library. */
export type RejectionReason =
  | 'expired'
  | 'not_yet_valid'
  | 'bad_signature'
  | 'wrong_audience'
  | 'wrong_issuer'
  | 'invalid_claim'
  | 'malformed'
  | 'unknown_key'
  | 'algorithm_not_allowed'
  | 'keys_unavailable'
  | 'other';

const BY_CODE: Readonly<Record<string, RejectionReason>> = {
  ERR_JWT_EXPIRED: 'expired',
  ERR_JWS_SIGNATURE_VERIFICATION_FAILED: 'bad_signature',
  ERR_JWT_INVALID: 'malformed',
  ERR_JWS_INVALID: 'malformed',
  ERR_JOSE_ALG_NOT_ALLOWED: 'algorithm_not_allowed',
  ERR_JOSE_NOT_SUPPORTED: 'algorithm_not_allowed',
  ERR_JWKS_NO_MATCHING_KEY: 'unknown_key',
  ERR_JWKS_MULTIPLE_MATCHING_KEYS: 'unknown_key',
  ERR_JWKS_TIMEOUT: 'keys_unavailable',
  ERR_JWKS_INVALID: 'keys_unavailable',
};

const BY_CLAIM: Readonly<Record<string, RejectionReason>> = {
  aud: 'wrong_audience',
  iss: 'wrong_issuer',
  nbf: 'not_yet_valid',
};

/** The reason in an error that `jwtVerify` threw. */
export function rejectionReason(error: unknown): RejectionReason {
  const code = memberOf(error, 'code');
  if (code === 'ERR_JWT_CLAIM_VALIDATION_FAILED') {
    const claim = memberOf(error, 'claim');
    return (
      (typeof claim === 'string' && Object.hasOwn(BY_CLAIM, claim) && BY_CLAIM[claim]) || 'invalid_claim'
    );
  }
  return (typeof code === 'string' && Object.hasOwn(BY_CODE, code) && BY_CODE[code]) || 'other';
}
