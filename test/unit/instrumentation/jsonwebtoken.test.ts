import { describe, expect, test } from 'vitest';
import {
  isAfterSignature,
  isSigned,
  rejectionReason,
} from '../../../packages/instrumentation/src/libraries/jsonwebtoken/rejection-reason.ts';

const error = (message: string, name = 'JsonWebTokenError'): Error =>
  Object.assign(new Error(message), { name });
const none = `${Buffer.from('{"alg":"none"}').toString('base64url')}.e30.`;

describe('an error of jsonwebtoken', () => {
  test.each([
    ['jwt must be provided', 'missing'],
    ['jwt malformed', 'malformed'],
    ['jwt must be a string', 'malformed'],
    ['invalid token', 'malformed'],
    ['invalid signature', 'bad_signature'],
    ['jwt signature is required', 'bad_signature'],
    ['invalid algorithm', 'algorithm_not_allowed'],
    ['secretOrPublicKey must be a symmetric key when using HS256', 'algorithm_not_allowed'],
    ['secretOrPublicKey must be an asymmetric key when using RS256', 'algorithm_not_allowed'],
    ['"alg" parameter for "rsa" key type must be one of: RS256.', 'algorithm_not_allowed'],
    ['please specify "none" in "algorithms" to verify unsigned tokens', 'algorithm_not_allowed'],
    ['jwt audience invalid. expected: jwt malformed', 'wrong_audience'],
    ['jwt issuer invalid. expected: invalid signature', 'wrong_issuer'],
    ['jwt subject invalid. expected: a', 'invalid_claim'],
    ['jwt jwtid invalid. expected: a', 'invalid_claim'],
    ['jwt nonce invalid. expected: a', 'invalid_claim'],
    ['iat required when maxAge is specified', 'invalid_claim'],
    ['invalid exp value', 'invalid_claim'],
    ['error in secret or public key callback: Unable to find a signing key that matches', 'unknown_key'],
    ['error in secret or public key callback: connect ECONNREFUSED', 'keys_unavailable'],
    ['secret or public key must be provided', 'unknown_key'],
    ['secretOrPublicKey is not valid key material', 'keys_unavailable'],
    ['clockTimestamp must be a number', 'other'],
  ])('%s is %s', (message, reason) => {
    expect(rejectionReason(error(message), undefined)).toBe(reason);
  });

  test.each([
    ['TokenExpiredError', 'expired'],
    ['NotBeforeError', 'not_yet_valid'],
    ['SyntaxError', 'malformed'],
    ['SigningKeyNotFoundError', 'unknown_key'],
    ['JwksRateLimitError', 'keys_unavailable'],
    ['toString', 'other'],
  ])('with the name %s is %s', (name, reason) => {
    expect(rejectionReason(error('', name), undefined)).toBe(reason);
  });

  test('about an unsigned token says so, and one that lost its signature is badly signed', () => {
    const [header, payload] = ['{"alg":"RS256"}', '{}'].map((part) =>
      Buffer.from(part).toString('base64url'),
    );
    expect(rejectionReason(error('jwt signature is required'), none)).toBe('algorithm_not_allowed');
    expect(rejectionReason(error('jwt signature is required'), `${header}.${payload}.`)).toBe(
      'bad_signature',
    );
  });

  test.each([undefined, null, 'text', 5, {}, { message: 5, name: 6 }])('that is %j is other', (value) => {
    expect(rejectionReason(value, undefined)).toBe('other');
  });

  test('is about claims only after the signature', () => {
    expect([isAfterSignature('expired'), isAfterSignature('wrong_issuer')]).toEqual([true, true]);
    expect([isAfterSignature('bad_signature'), isAfterSignature('other')]).toEqual([false, false]);
  });
});

test.each([
  [none, false],
  ['a.b. ', false],
  ['a.b.c', true],
])('%j is signed: %s', (token, signed) => {
  expect(isSigned(token)).toBe(signed);
});
