import { expect, test } from 'vitest';
import { MAX_TOKEN_LENGTH, readToken } from '../../../../packages/exporter/src/signals/signed-token.ts';

function encode(header: object | string, claims: object | string, signature = 'c2ln'): string {
  const part = (value: object | string): string =>
    Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
  return `${part(header)}.${part(claims)}.${signature}`;
}

const claims = { iss: 'https://sso.example.com' };

test('a token says what it is', () => {
  expect(readToken(encode({ alg: 'RS256', kid: 'k', typ: 'application/LOGOUT+JWT' }, claims))).toMatchObject({
    ok: true,
    algorithm: 'RS256',
    keyId: 'k',
    type: 'logout+jwt',
    issuer: 'https://sso.example.com',
  });
});

test.each([
  ['none at all', encode({ alg: 'none' }, claims, ''), 'algorithm_refused'],
  ['none in capitals', encode({ alg: 'NONE' }, claims, ''), 'algorithm_refused'],
  ['a secret', encode({ alg: 'HS256' }, claims), 'algorithm_refused'],
  ['nothing that is named', encode({}, claims), 'algorithm_refused'],
])('signed with %s it is refused', (_name, token, code) => {
  expect(readToken(token)).toEqual({ ok: false, code });
});

test.each([
  ['nothing', ''],
  ['one part', 'e30'],
  ['two parts', 'e30.e30'],
  ['five parts that are not encrypted', `${encode({ alg: 'RS256' }, claims)}.a.b`],
  ['a header that is no JSON', encode('{', claims)],
  ['claims that are no JSON', encode({ alg: 'RS256' }, 'x')],
  ['claims that are a list', encode({ alg: 'RS256' }, '[]')],
  ['too many characters', encode({ alg: 'RS256' }, { ...claims, x: 'y'.repeat(MAX_TOKEN_LENGTH) })],
])('%s is no token', (_name, token) => {
  expect(readToken(token)).toEqual({ ok: false, code: 'token_malformed' });
});

test('one that is encrypted is refused by name', () => {
  const token = `${encode({ alg: 'RSA-OAEP', enc: 'A256GCM', cty: 'JWT' }, 'secret')}.a.b`;
  expect(readToken(token)).toEqual({ ok: false, code: 'token_encrypted' });
});

test('without an issuer nobody can vouch for it', () => {
  expect(readToken(encode({ alg: 'RS256' }, { iss: 7 }))).toEqual({ ok: false, code: 'issuer_unknown' });
});

test('its type is a word', () => {
  expect(readToken(encode({ alg: 'RS256', typ: 7 }, claims))).toEqual({ ok: false, code: 'type_wrong' });
});
