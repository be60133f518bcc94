import { memberOf } from '../../attach/global-api.ts';
import type { RejectionReason } from '../../events/rejection.ts';
import { peekHeader } from '../../session/token.ts';

const BY_CODE: ReadonlyMap<unknown, RejectionReason> = new Map([
  ['FAST_JWT_MALFORMED', 'malformed'],
  ['FAST_JWT_INVALID_PAYLOAD', 'malformed'],
  ['FAST_JWT_INVALID_TYPE', 'malformed'],
  ['FAST_JWT_INVALID_ALGORITHM', 'algorithm_not_allowed'],
  ['FAST_JWT_INVALID_SIGNATURE', 'bad_signature'],
  ['FAST_JWT_MISSING_SIGNATURE', 'bad_signature'],
  ['FAST_JWT_VERIFY_ERROR', 'bad_signature'],
  ['FAST_JWT_INVALID_KEY', 'keys_unavailable'],
  ['FAST_JWT_KEY_FETCHING_ERROR', 'keys_unavailable'],
  ['FAST_JWT_MISSING_KEY', 'unknown_key'],
  ['FAST_JWT_EXPIRED', 'expired'],
  ['FAST_JWT_INACTIVE', 'not_yet_valid'],
  ['FAST_JWT_INVALID_CLAIM_TYPE', 'invalid_claim'],
  ['FAST_JWT_INVALID_CLAIM_VALUE', 'invalid_claim'],
  ['FAST_JWT_MISSING_REQUIRED_CLAIM', 'invalid_claim'],
]);

/** Where a code stands for several reasons, the message tells them apart. */
const BY_MESSAGE: readonly (readonly [RegExp, RejectionReason])[] = [
  [/\baud claim /, 'wrong_audience'],
  [/\biss claim /, 'wrong_issuer'],
  [/^Invalid public key provided for algorithms/, 'algorithm_not_allowed'],
  [/^Invalid typ\./, 'invalid_claim'],
];

const AFTER_SIGNATURE: ReadonlySet<unknown> = new Set([
  'FAST_JWT_EXPIRED',
  'FAST_JWT_INACTIVE',
  'FAST_JWT_INVALID_CLAIM_TYPE',
  'FAST_JWT_INVALID_CLAIM_VALUE',
  'FAST_JWT_MISSING_REQUIRED_CLAIM',
]);

/**
 * The reason in an error of fast-jwt.
 *
 * @param error - What was thrown.
 * @param token - What was to be verified.
 */
export function rejectionReason(error: unknown, token: unknown): RejectionReason {
  if (token === undefined || token === null || token === '') return 'missing';
  const code = memberOf(error, 'code');
  const message = memberOf(error, 'message');
  if (code === 'FAST_JWT_MISSING_SIGNATURE' && typeof token === 'string') {
    return memberOf(peekHeader(token), 'alg') === 'none' ? 'algorithm_not_allowed' : 'bad_signature';
  }
  if (memberOf(memberOf(error, 'originalError'), 'name') === 'SigningKeyNotFoundError') return 'unknown_key';
  const special = BY_MESSAGE.find(([pattern]) => typeof message === 'string' && pattern.test(message));
  return special?.[1] ?? BY_CODE.get(code) ?? 'other';
}

/** Whether the signature had been verified when this was found wrong. */
export function isAfterSignature(error: unknown): boolean {
  return AFTER_SIGNATURE.has(memberOf(error, 'code'));
}
