import { describe, expect, test } from 'vitest';
import {
  checkLogoutToken,
  LOGOUT_EVENT,
  MAX_LOGOUT_TOKEN_AGE_MS,
} from '../../../../packages/exporter/src/signals/logout-token.ts';

const NOW_S = 1_790_000_000;
const expected = {
  issuer: 'https://sso.example.com',
  audience: ['shop', 'office'],
  clockSkewMs: 60_000,
  nowMs: NOW_S * 1000,
};
const good = {
  iss: 'https://sso.example.com',
  aud: 'shop',
  iat: NOW_S,
  exp: NOW_S + 120,
  jti: 'token-1',
  sub: 'frank',
  sid: 'sid-1',
  events: { [LOGOUT_EVENT]: {} },
};

function check(changes: Record<string, unknown> = {}, type: string | undefined = 'logout+jwt'): object {
  return checkLogoutToken(type, new TextEncoder().encode(JSON.stringify({ ...good, ...changes })), expected);
}

const ok = { ok: true, audience: 'shop', issuedMs: NOW_S * 1000, jti: 'token-1', sub: 'frank', sid: 'sid-1' };

describe('a logout token is taken in', () => {
  test.each([
    ['as it should be', {}, {}],
    ['for several clients, one of them ours', { aud: ['other', 'office'] }, { audience: 'office' }],
    ['for a session that nobody is named for', { sub: undefined }, { sub: undefined }],
    ['for somebody without a session', { sid: undefined }, { sid: undefined }],
    ['a little ahead of our clock', { iat: NOW_S + 60 }, { issuedMs: (NOW_S + 60) * 1000 }],
    ['that has just expired, by our clock', { exp: NOW_S - 59 }, {}],
    ['with claims of its provider', { typ: 'Logout', trace_id: 'x' }, {}],
    ['with another event beside', { events: { [LOGOUT_EVENT]: {}, 'urn:other': {} } }, {}],
  ])('%s', (_name, changes, difference) => {
    expect(check(changes)).toEqual({ ...ok, ...difference });
  });

  test('without typ', () => {
    expect(checkLogoutToken(undefined, new TextEncoder().encode(JSON.stringify(good)), expected)).toEqual(ok);
  });
});

describe('a logout token is refused', () => {
  test.each([
    ['of another issuer', { iss: 'https://sso.example.com/' }, 'issuer_unknown'],
    ['of no issuer', { iss: undefined }, 'issuer_unknown'],
    ['for another client', { aud: 'bank' }, 'audience_wrong'],
    ['for other clients', { aud: ['bank', 'post'] }, 'audience_wrong'],
    ['for nobody', { aud: undefined }, 'audience_wrong'],
    ['for no client that a list of lists names', { aud: [['shop']] }, 'audience_wrong'],
    ['without iat', { iat: undefined }, 'issued_at_wrong'],
    ['with an iat that is no number', { iat: String(NOW_S) }, 'issued_at_wrong'],
    ['of the future', { iat: NOW_S + 61 }, 'issued_at_wrong'],
    ['of the past', { iat: NOW_S - MAX_LOGOUT_TOKEN_AGE_MS / 1000 - 61 }, 'issued_at_wrong'],
    ['of no time', { iat: 1e15 }, 'issued_at_wrong'],
    ['of a time that no number holds', { iat: 1e300 }, 'token_malformed'],
    ['that has expired', { exp: NOW_S - 60 }, 'expired'],
    ['without exp', { exp: undefined }, 'expired'],
    ['with an exp that is no number', { exp: 'never' }, 'expired'],
    ['without jti', { jti: undefined }, 'id_missing'],
    ['with an empty jti', { jti: '' }, 'id_missing'],
    ['with a jti that is no text', { jti: 7 }, 'id_missing'],
    ['with a jti too long to be one', { jti: 'x'.repeat(1_025) }, 'id_missing'],
    ['without events', { events: undefined }, 'events_wrong'],
    ['with events as a list', { events: [LOGOUT_EVENT] }, 'events_wrong'],
    ['with another event', { events: { 'urn:other': {} } }, 'events_wrong'],
    ['with an event that is no object', { events: { [LOGOUT_EVENT]: true } }, 'events_wrong'],
    ['with a nonce', { nonce: 'n' }, 'nonce_present'],
    ['with a nonce of null', { nonce: null }, 'nonce_present'],
    ['that names neither session nor subject', { sub: undefined, sid: undefined }, 'subject_missing'],
    ['with a sid that is no text', { sid: { $gt: '' } }, 'token_malformed'],
    ['with an empty sub', { sub: '' }, 'token_malformed'],
  ])('%s', (_name, changes, code) => {
    expect(check(changes)).toEqual({ ok: false, code });
  });

  test.each(['jwt', 'at+jwt', 'secevent+jwt', ''])('of the type %s', (type) => {
    expect(check({}, type)).toEqual({ ok: false, code: 'type_wrong' });
  });

  test.each(['', 'null', '[]', '"text"', '{', '\u{feff}{}'])('that holds %j', (text) => {
    expect(checkLogoutToken(undefined, new TextEncoder().encode(text), expected)).toMatchObject({
      ok: false,
    });
  });

  test('that is no UTF-8', () => {
    expect(checkLogoutToken(undefined, Buffer.from([0x7b, 0xff, 0x7d]), expected)).toEqual({
      ok: false,
      code: 'token_malformed',
    });
  });
});
