import { createHmac, createPublicKey, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { calculateJwkThumbprint, compactVerify, exportJWK, importPKCS8, SignJWT } from 'jose';
import { describe, expect, test } from 'vitest';
import { thumbprint } from '../../../../packages/instrumentation/src/propagation/keys.ts';
import {
  MAX_SEEN_TOKENS,
  SeenTokens,
} from '../../../../packages/instrumentation/src/propagation/seen-tokens.ts';
import {
  LIFE_S,
  MAX_TOKEN_CHARS,
  signSessionToken,
  verifySessionToken,
  type PropagatedSession,
  type Refusal,
  type TokenResult,
} from '../../../../packages/instrumentation/src/propagation/session-token.ts';

const NOW = 1_800_000_000_000;
const NOW_S = NOW / 1_000;
const { privateKey, publicKey } = generateKeyPairSync('ed25519');
const kid = thumbprint(publicKey);
const issuers = new Map([['shop', new Map([[kid, publicKey]])]]);

const SESSION: PropagatedSession = {
  sessionId: 's1',
  issuer: 'https://idp.example',
  userId: 'alice',
  isPseudonym: false,
  clientId: 'web',
  acr: 'high',
  authTime: 1_799_999_000,
};

function signed(session: PropagatedSession = SESSION): string {
  const token = signSessionToken(session, {
    signingKey: { key: privateKey, kid },
    issuer: 'shop',
    audience: 'b.example:8443',
    now: NOW,
  });
  if (token === undefined) throw new Error('no token');
  return token;
}

function verified(token: string, now = NOW): TokenResult {
  return verifySessionToken(token, { issuers, isAudience: (audience) => audience === 'b.example:8443', now });
}

/** A token with anything in it. */
function forge(changes: { header?: object; payload?: object; key?: KeyObject } = {}): string {
  const [head = '', body = ''] = signed().split('.');
  const part = (text: string, change: object | undefined): string =>
    Buffer.from(
      JSON.stringify({ ...JSON.parse(Buffer.from(text, 'base64url').toString()), ...change }),
    ).toString('base64url');
  const input = `${part(head, changes.header)}.${part(body, changes.payload)}`;
  return `${input}.${sign(null, Buffer.from(input), changes.key ?? privateKey).toString('base64url')}`;
}

test('what one service says, another reads', () => {
  expect(verified(signed())).toMatchObject({ session: SESSION });
  const minimal = { ...SESSION, userId: undefined, clientId: undefined, acr: undefined, authTime: undefined };
  expect(verified(signed(minimal))).toMatchObject({ session: minimal });
  const pseudonym = { ...SESSION, userId: '0123', isPseudonym: true };
  expect(verified(signed(pseudonym))).toMatchObject({ session: pseudonym });
  expect(verified(signed())).not.toEqual(verified(signed()));
});

test('a token never says more than the short set', () => {
  const payload = JSON.parse(Buffer.from(signed().split('.')[1] ?? '', 'base64url').toString());
  expect(payload).toEqual({
    iss: 'shop',
    aud: 'b.example:8443',
    iat: NOW_S,
    exp: NOW_S + 60,
    jti: expect.stringMatching(/^[\w-]{22}$/),
    sid: 's1',
    sub: 'alice',
    sub_kind: 'full',
    client_id: 'web',
    oidc_iss: 'https://idp.example',
    acr: 'high',
    auth_time: 1_799_999_000,
  });
});

describe('jose agrees', () => {
  test('it verifies what we sign', async () => {
    const { payload, protectedHeader } = await compactVerify(
      signed(),
      createPublicKey(publicKey.export({ type: 'spki', format: 'pem' })),
      {
        algorithms: ['EdDSA'],
      },
    );
    expect(JSON.parse(Buffer.from(payload).toString())).toMatchObject({ sid: 's1' });
    expect(protectedHeader).toEqual({
      alg: 'EdDSA',
      typ: 'spanledger-session+jwt',
      kid: await calculateJwkThumbprint(await exportJWK(publicKey)),
    });
  });

  test('we verify what it signs', async () => {
    const key = await importPKCS8(privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), 'EdDSA');
    const token = await new SignJWT({ sid: 's1', oidc_iss: 'https://idp.example' })
      .setProtectedHeader({ alg: 'EdDSA', typ: 'spanledger-session+jwt', kid })
      .setIssuer('shop')
      .setAudience('b.example:8443')
      .setIssuedAt(NOW_S)
      .setExpirationTime(NOW_S + 60)
      .setJti('x')
      .sign(key);
    expect(verified(token)).toMatchObject({ session: { sessionId: 's1', userId: undefined } });
  });
});

const other = generateKeyPairSync('ed25519').privateKey;
const head = (header: object): string => Buffer.from(JSON.stringify(header)).toString('base64url');

test.each<[string, string, Refusal]>([
  ['of another key', forge({ key: other }), 'bad_signature'],
  [
    'changed afterwards',
    signed().replace(
      /\.[^.]+\./,
      (body) => `.${forge({ payload: { sub: 'bob' } }).split('.')[1]}${body.at(-1)}`,
    ),
    'bad_signature',
  ],
  ['without a signature', signed().replace(/[^.]+$/, ''), 'malformed'],
  ['alg none', forge({ header: { alg: 'none' } }), 'wrong_algorithm'],
  ['alg Ed25519', forge({ header: { alg: 'Ed25519' } }), 'wrong_algorithm'],
  [
    'HS256 with the public key as secret',
    ((): string => {
      const input = `${head({ alg: 'HS256', typ: 'spanledger-session+jwt', kid })}.${signed().split('.')[1]}`;
      return `${input}.${createHmac('sha256', publicKey.export({ type: 'spki', format: 'pem' }))
        .update(input)
        .digest('base64url')}`;
    })(),
    'wrong_algorithm',
  ],
  ['crit', forge({ header: { crit: ['b64'], b64: false } }), 'wrong_algorithm'],
  ['another type', forge({ header: { typ: 'JWT' } }), 'wrong_type'],
  ['no kid', forge({ header: { kid: undefined } }), 'unknown_key'],
  ['another kid', forge({ header: { kid: 'k2' } }), 'unknown_key'],
  ['another issuer', forge({ payload: { iss: 'evil' } }), 'unknown_issuer'],
  ['__proto__ as issuer', forge({ payload: { iss: '__proto__' } }), 'unknown_issuer'],
  ['another audience', forge({ payload: { aud: 'c.example' } }), 'wrong_audience'],
  ['a list of audiences', forge({ payload: { aud: ['b.example:8443'] } }), 'wrong_audience'],
  ['a long life', forge({ payload: { exp: NOW_S + LIFE_S + 1 } }), 'malformed'],
  ['no end', forge({ payload: { exp: undefined } }), 'malformed'],
  ['no id', forge({ payload: { jti: undefined } }), 'malformed'],
  ['no session', forge({ payload: { sid: undefined } }), 'malformed'],
  ['two of them', `${signed()}, ${signed()}`, 'malformed'],
  ['two short ones', 'e30.e30.e30, e30.e30.e30', 'malformed'],
  ['garbage', 'x', 'malformed'],
  ['nothing', '', 'malformed'],
  ['padding', `${signed()}==`, 'malformed'],
  ['too long', `${signed()}${'A'.repeat(MAX_TOKEN_CHARS)}`, 'too_long'],
  ['null', 'bnVsbA.bnVsbA.bnVsbA', 'malformed'],
])('a token is refused: %s', (_what, token, refusal) => {
  expect(verified(token)).toEqual({ refusal });
});

test('its time is bounded on both sides, with leeway', () => {
  const token = signed();
  expect(verified(token, NOW - 30_000).refusal).toBeUndefined();
  expect(verified(token, NOW - 30_001).refusal).toBe('not_yet_valid');
  expect(verified(token, NOW + 89_999).refusal).toBeUndefined();
  expect(verified(token, NOW + 90_000).refusal).toBe('expired');
});

test('what no receiver would read is not made', () => {
  const options = { signingKey: { key: privateKey, kid }, issuer: 'shop', audience: 'b', now: NOW };
  expect(signSessionToken({ ...SESSION, userId: 'x'.repeat(4_000) }, options)).toBeUndefined();
});

describe('a token is used once', () => {
  test('for as long as it may be valid', () => {
    const seen = new SeenTokens();
    expect(seen.use('a', NOW)).toBe(true);
    for (let ms = 0; ms < 120_000; ms += 10_000) {
      expect(seen.use('a', NOW + ms)).toBe(false);
      expect(seen.use(`other ${ms}`, NOW + ms)).toBe(true);
    }
  });

  test('and is forgotten after that, or under a flood', () => {
    const seen = new SeenTokens(2);
    for (const id of ['a', 'b', 'c', 'd']) expect(seen.use(id, NOW)).toBe(true);
    for (const id of ['a', 'b', 'c', 'd']) expect(seen.use(id, NOW)).toBe(false);
    expect(seen.use('e', NOW)).toBe(true);
    expect(seen.use('a', NOW)).toBe(true);
    expect(MAX_SEEN_TOKENS).toBe(65_536);
  });
});
