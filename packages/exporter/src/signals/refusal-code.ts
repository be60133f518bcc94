/** Why a signal was not taken in; docs/errors.md explains each. */
export type SignalRefusalCode =
  | 'algorithm_refused'
  | 'audience_wrong'
  | 'authorization_wrong'
  | 'delivery_refused'
  | 'events_wrong'
  | 'expired'
  | 'id_missing'
  | 'issued_at_wrong'
  | 'issuer_unknown'
  | 'key_unknown'
  | 'keys_unavailable'
  | 'nonce_present'
  | 'rate_exceeded'
  | 'replayed'
  | 'request_malformed'
  | 'signature_wrong'
  | 'state_wrong'
  | 'subject_foreign'
  | 'subject_missing'
  | 'subject_unsupported'
  | 'token_encrypted'
  | 'token_malformed'
  | 'type_wrong';

/** In one sentence each, for whoever sent it: what is wrong, and nothing of what was sent. */
export const REFUSAL_MESSAGES: Readonly<Record<SignalRefusalCode, string>> = {
  algorithm_refused: 'the token is not signed with an algorithm that is accepted here',
  audience_wrong: 'aud names nobody that this service receives for',
  authorization_wrong: 'the Authorization header is not the one that was agreed on',
  delivery_refused: 'this provider’s tokens are not taken in this way',
  events_wrong: 'events does not hold what it must',
  expired: 'exp is past, or missing where it must not be',
  id_missing: 'the token has no jti',
  issued_at_wrong: 'iat is missing, in the future, or too long ago',
  issuer_unknown: 'iss names no provider that is known here',
  key_unknown: 'the provider publishes no key that fits',
  keys_unavailable: 'the provider’s keys cannot be fetched now',
  nonce_present: 'the token has a nonce, as ID tokens have',
  rate_exceeded: 'too many requests',
  replayed: 'the token was received before',
  request_malformed: 'the request does not hold one token in the form that is asked for',
  signature_wrong: 'the signature does not fit',
  state_wrong: 'the state of the verification is not the one that was asked for',
  subject_foreign: 'the subject belongs to an issuer that this one does not speak for',
  subject_missing: 'the token names neither a session nor a subject',
  subject_unsupported: 'the subject is in a format that is not understood here',
  token_encrypted: 'the token is encrypted (JWE); here it has to be signed alone',
  token_malformed: 'the token is not a signed JWT of the form that is asked for',
  type_wrong: 'typ is not the one that it must be',
};

/** As RFC 8935, 2.4, and RFC 8936, 2.6, name errors to whoever transmits security events. */
export type EventErrorName =
  | 'access_denied'
  | 'authentication_failed'
  | 'invalid_audience'
  | 'invalid_issuer'
  | 'invalid_key'
  | 'invalid_request';

const EVENT_ERRORS: Partial<Record<SignalRefusalCode, EventErrorName>> = {
  algorithm_refused: 'invalid_key',
  audience_wrong: 'invalid_audience',
  authorization_wrong: 'authentication_failed',
  delivery_refused: 'access_denied',
  issuer_unknown: 'invalid_issuer',
  key_unknown: 'invalid_key',
  keys_unavailable: 'invalid_key',
  rate_exceeded: 'access_denied',
  signature_wrong: 'authentication_failed',
  subject_foreign: 'access_denied',
  token_encrypted: 'invalid_key',
};

/** The transmitter's word for a refusal. */
export function eventErrorCode(code: SignalRefusalCode): EventErrorName {
  return EVENT_ERRORS[code] ?? 'invalid_request';
}

/** A check that failed. */
export interface SignalFault {
  ok: false;
  code: SignalRefusalCode;
}

/** Makes the answer of a check that failed. */
export function fault(code: SignalRefusalCode): SignalFault {
  return { ok: false, code };
}
