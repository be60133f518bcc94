import { memberOf } from '../../attach/global-api.ts';
import type { RejectionReason } from '../../events/rejection.ts';

const BY_CLAIM: ReadonlyMap<string, RejectionReason> = new Map([
  ['alg', 'algorithm_not_allowed'],
  ['aud', 'wrong_audience'],
  ['exp', 'expired'],
  ['iss', 'wrong_issuer'],
]);

/** What its errors say in words, as they have no codes of their own. */
const BY_MESSAGE: readonly (readonly [RegExp, RejectionReason])[] = [
  [
    /^Token issuer is not allowed|^Token missing required 'iss'|metadata issuer does not match/,
    'wrong_issuer',
  ],
  [/^Unsupported algorithm|invalid "alg" claim/, 'algorithm_not_allowed'],
  [/^Invalid (?:Token|JWT|Compact JWS)|formatting/, 'malformed'],
  [/confirmation (?:claim|mismatch)/, 'invalid_claim'],
];

/**
 * The reason in an error of express-oauth2-jwt-bearer. Where jose refused the token, jose's hook knows better, and
 * "other" gives way to what it says.
 */
export function rejectionReason(error: unknown): RejectionReason {
  const code = memberOf(error, 'code');
  const message = memberOf(error, 'message');
  if (error === undefined || typeof message !== 'string') return 'other';
  // No code stands for no credentials at all; the empty one for credentials that cannot be read (RFC 6750, 3.1).
  if (code === undefined) return 'missing';
  if (code === '' || code === 'invalid_request') return 'malformed';
  const claim = /^Unexpected '(\w+)' value$/.exec(message)?.[1];
  if (claim !== undefined) return BY_CLAIM.get(claim) ?? 'invalid_claim';
  return BY_MESSAGE.find(([pattern]) => pattern.test(message))?.[1] ?? 'other';
}
