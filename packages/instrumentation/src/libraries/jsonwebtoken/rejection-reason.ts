import { memberOf } from '../../attach/global-api.ts';
import type { RejectionReason } from '../../events/rejection.ts';
import { peekHeader } from '../../session/token.ts';

/** Errors of jsonwebtoken have no codes. Names tell the kinds, messages the rest: most special first. */
const BY_MESSAGE: readonly (readonly [RegExp, RejectionReason])[] = [
  [/^jwt must be provided$/, 'missing'],
  [/^(?:jwt malformed|jwt must be a string|invalid token)$/, 'malformed'],
  [/^(?:invalid signature|jwt signature is required)$/, 'bad_signature'],
  [/^invalid algorithm$/, 'algorithm_not_allowed'],
  [/ must be an? (?:a?symmetric) key when using /, 'algorithm_not_allowed'],
  [/^(?:"alg" parameter |please specify "none" )/, 'algorithm_not_allowed'],
  [/^jwt audience invalid/, 'wrong_audience'],
  [/^jwt issuer invalid/, 'wrong_issuer'],
  [/^(?:jwt (?:subject|jwtid|nonce) invalid|invalid (?:nbf|exp) value|iat required )/, 'invalid_claim'],
  // jwks-rsa gives no key, or this error, where the provider has none of that id.
  [
    /^(?:secret or public key must be provided|.*(?:unable to find a signing key|no kid specified))/i,
    'unknown_key',
  ],
  [/^(?:error in secret or public key callback|secretOrPublicKey is not valid key)/, 'keys_unavailable'],
];

const BY_NAME: ReadonlyMap<unknown, RejectionReason> = new Map([
  ['TokenExpiredError', 'expired'],
  ['NotBeforeError', 'not_yet_valid'],
  // A part of the token that is no JSON.
  ['SyntaxError', 'malformed'],
  ['SigningKeyNotFoundError', 'unknown_key'],
  ['JwksError', 'keys_unavailable'],
  ['JwksRateLimitError', 'keys_unavailable'],
]);

/** What jsonwebtoken looks at after the signature: a token that is rejected for this is genuine. */
const AFTER_SIGNATURE: ReadonlySet<RejectionReason> = new Set<RejectionReason>([
  'expired',
  'not_yet_valid',
  'wrong_audience',
  'wrong_issuer',
  'invalid_claim',
]);

/**
 * The reason in an error of jsonwebtoken, or of what fetches keys for it.
 *
 * @param error - What was thrown.
 * @param token - The token, if at hand.
 */
export function rejectionReason(error: unknown, token: string | undefined): RejectionReason {
  const message = memberOf(error, 'message');
  const text = typeof message === 'string' ? message : '';
  const reason =
    BY_NAME.get(memberOf(error, 'name')) ??
    BY_MESSAGE.find(([pattern]) => pattern.test(text))?.[1] ??
    'other';
  const unsigned = text === 'jwt signature is required' && token !== undefined;
  return unsigned && memberOf(peekHeader(token), 'alg') === 'none' ? 'algorithm_not_allowed' : reason;
}

/** Whether the signature had been verified when this was found wrong. */
export function isAfterSignature(reason: RejectionReason): boolean {
  return AFTER_SIGNATURE.has(reason);
}

/** Whether a token is signed at all: an application may accept unsigned ones, but they vouch for nobody. */
export function isSigned(token: string): boolean {
  return !token.trimEnd().endsWith('.');
}
