/** Why a signal was not taken in; docs/errors.md explains each. */
export type SignalRefusalCode =
  | 'algorithm_refused'
  | 'audience_wrong'
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
  | 'subject_missing'
  | 'token_malformed'
  | 'type_wrong';

/** In one sentence each, for whoever sent it: what is wrong, and nothing of what was sent. */
export const REFUSAL_MESSAGES: Readonly<Record<SignalRefusalCode, string>> = {
  algorithm_refused: 'the token is not signed with an algorithm that is accepted here',
  audience_wrong: 'aud names nobody that this service receives for',
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
  subject_missing: 'the token names neither a session nor a subject',
  token_malformed: 'the token is not a signed JWT of the form that is asked for',
  type_wrong: 'typ is not the one that it must be',
};

/** A check that failed. */
export interface SignalFault {
  ok: false;
  code: SignalRefusalCode;
}

/** Makes the answer of a check that failed. */
export function fault(code: SignalRefusalCode): SignalFault {
  return { ok: false, code };
}
