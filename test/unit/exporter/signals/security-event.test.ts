import { createHash, randomBytes } from 'node:crypto';
import { buildEntryBatch } from '@spanledger/record';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readContent } from '../../../../packages/exporter/src/signals/event-content.ts';
import { checkSecurityEvent } from '../../../../packages/exporter/src/signals/security-event.ts';
import { meaningOf } from '../../../../packages/exporter/src/signals/signal-meaning.ts';
import { signalId, signalRecord } from '../../../../packages/exporter/src/signals/signal-record.ts';

const CAEP = 'https://schemas.openid.net/secevent/caep/event-type/';
const RISC = 'https://schemas.openid.net/secevent/risc/event-type/';
const NOW_S = 1_790_000_000;
const expected = {
  issuer: 'https://sso.example.com',
  audience: ['shop'],
  clockSkewMs: 60_000,
  nowMs: NOW_S * 1000,
};
const good = {
  iss: 'https://sso.example.com',
  aud: 'shop',
  iat: NOW_S,
  jti: 'set-1',
  sub_id: { format: 'opaque', id: 'frank' },
  events: { [`${CAEP}session-revoked`]: {} },
};

function check(changes: object = {}, type: string | undefined = 'secevent+jwt'): object {
  return checkSecurityEvent(
    type,
    new TextEncoder().encode(JSON.stringify({ ...good, ...changes })),
    expected,
  );
}

describe('a security event is taken in', () => {
  test.each([
    ['as it should be', {}],
    ['that a stream kept for a month', { iat: NOW_S - 2_592_000 }],
    ['that happened before', { toe: NOW_S - 5 }],
    ['with an exp to come, which it should not have', { exp: NOW_S + 60 }],
  ])('%s', (_name, changes) => {
    expect(check(changes)).toMatchObject({ ok: true, jti: 'set-1', audience: 'shop' });
  });
});

describe('a security event is refused', () => {
  test.each([
    ['without iat', { iat: undefined }, 'issued_at_wrong'],
    ['of the future', { iat: NOW_S + 61 }, 'issued_at_wrong'],
    ['for another receiver', { aud: ['bank'] }, 'audience_wrong'],
    ['of another issuer', { iss: 'https://other.example' }, 'issuer_unknown'],
    ['without jti', { jti: undefined }, 'id_missing'],
    ['that has expired', { exp: NOW_S - 61 }, 'expired'],
    ['without events', { events: undefined }, 'events_wrong'],
    ['with no event', { events: {} }, 'events_wrong'],
    ['with an event that is text', { events: { x: 'y' } }, 'events_wrong'],
    [
      'with too many events',
      { events: Object.fromEntries(Array.from({ length: 9 }, (_, i) => [`urn:${i}`, {}])) },
      'events_wrong',
    ],
    ['with half a character', { events: { x: { y: '\ud800' } } }, 'token_malformed'],
    ['with a name that is too long', { events: { x: { ['y'.repeat(257)]: 1 } } }, 'token_malformed'],
    ['with a number that JSON cannot hold', { events: { x: { y: 2 ** 60 } } }, 'token_malformed'],
    [
      'that is nested too deep',
      { events: { x: { y: JSON.parse(`${'['.repeat(20)}${']'.repeat(20)}`) } } },
      'token_malformed',
    ],
  ])('%s', (_name, changes, code) => {
    expect(check(changes)).toEqual({ ok: false, code });
  });

  test.each([undefined, 'jwt', 'logout+jwt', 'at+jwt'])('of the type %s', (type) => {
    const payload = new TextEncoder().encode(JSON.stringify(good));
    expect(checkSecurityEvent(type, payload, expected)).toEqual({ ok: false, code: 'type_wrong' });
  });
});

test.each([
  [`${CAEP}session-revoked`, 'oidc.session.ended', 'LOGOUT'],
  [`${CAEP}token-claims-change`, 'caep.token-claims-change', 'UPDATE'],
  [`${CAEP}credential-change`, 'caep.credential-change', 'UPDATE'],
  [`${CAEP}assurance-level-change`, 'caep.assurance-level-change', 'UPDATE'],
  [`${CAEP}session-established`, 'caep.session-established', 'LOGIN'],
  [`${CAEP}session-presented`, 'caep.session-presented', 'PRESENT'],
  [`${CAEP}device-compliance-change`, 'caep.device-compliance-change', 'REPORT'],
  [`${RISC}account-disabled`, 'risc.account-disabled', 'DISABLE'],
  [`${RISC}account-enabled`, 'risc.account-enabled', 'ENABLE'],
  [`${RISC}account-purged`, 'risc.account-purged', 'DELETE'],
  [`${RISC}credential-compromise`, 'risc.credential-compromise', 'REPORT'],
  [`${RISC}sessions-revoked`, 'oidc.session.ended', 'LOGOUT'],
  ['https://schemas.openid.net/secevent/ssf/event-type/verification', 'ssf.verification', 'VERIFY'],
  ['https://schemas.openid.net/secevent/caep/event-type/../x', 'ssf.other', 'REPORT'],
  ['urn:somebody:else', 'ssf.other', 'REPORT'],
])('%s is %s', (type, action, verb) => {
  expect(meaningOf(type)).toMatchObject({ action, verb });
});

describe('what an event says', () => {
  const times = { happened: undefined, issuedMs: 1_000_000, latestMs: 2_000_000 };

  test('is sorted: kinds in the clear, claims with the person, everything else as content', () => {
    expect(
      readContent(
        'caep',
        {
          change_type: 'update',
          credential_type: 'password',
          initiating_entity: 'admin',
          current_level: 'free text, not a word',
          reason_admin: { en: 'Landspeed Policy Violation: C076E82F' },
          friendly_name: 'Frank’s phone',
          acr: 'urn:mace:incommon:iap:silver',
          amr: ['pwd', 'otp'],
          claims: { role: 'ro_admin' },
          state: 'secret',
          event_timestamp: 1500,
        },
        times,
      ),
    ).toEqual({
      atMs: 1_500_000,
      details: { change_type: 'update', credential_type: 'password', initiating_entity: 'admin' },
      attributes: {
        'caep.current_level': 'free text, not a word',
        'caep.friendly_name': 'Frank’s phone',
        'caep.reason_admin': { en: 'Landspeed Policy Violation: C076E82F' },
      },
      claims: { role: 'ro_admin' },
      oidc: { acr: 'urn:mace:incommon:iap:silver', amr: ['pwd', 'otp'] },
    });
  });

  test.each([
    ['its own time', { event_timestamp: 1500 }, undefined, 1_500_000],
    ['the token’s, where it has none', {}, 1400, 1_400_000],
    ['the token’s, where its own is yet to come', { event_timestamp: 9_999_999 }, 1400, 1_400_000],
    ['when it was signed, else', { event_timestamp: 'today' }, null, 1_000_000],
    ['when it was signed, where all others are yet to come', { event_timestamp: 3000 }, 3000, 1_000_000],
  ])('happened at %s', (_name, payload, happened, atMs) => {
    expect(readContent('caep', payload, { ...times, happened }).atMs).toBe(atMs);
  });
});

describe('a record', () => {
  const signal = {
    issuer: 'https://sso.example.com',
    delivery: 'push' as const,
    id: 'set-1',
    algorithm: 'ES256',
    keyId: 'key',
    keys: { fetchedMs: NOW_S * 1000, isStale: false },
    audience: 'shop',
    issuedMs: NOW_S * 1000,
    receivedMs: NOW_S * 1000,
    address: '',
  };

  test('is named by issuer and jti, and by nothing else', () => {
    expect(signalId('a', 'b')).toMatch(/^signal-[0-9a-f]{32}$/);
    expect(signalId('a', 'b')).toBe(signalId('a', 'b'));
    expect(signalId('a', 'b')).not.toBe(signalId('ab', ''));
    expect(signalId('a', 'b')).not.toBe(signalId('a', 'c'));
  });

  test('can be made of whatever passed the checks', () => {
    const plain = fc.jsonValue({ maxDepth: 8 });
    fc.assert(
      fc.property(fc.dictionary(fc.string(), plain), fc.string(), (payload, type) => {
        const checked = checkSecurityEvent(
          'secevent+jwt',
          new TextEncoder().encode(JSON.stringify({ ...good, events: { [type]: payload } })),
          expected,
        );
        if (!checked.ok) return;
        const meaning = meaningOf(type);
        const content = readContent('ssf', Object(checked.events[type]), {
          happened: undefined,
          issuedMs: checked.issuedMs,
          latestMs: expected.nowMs,
        });
        const draft = signalRecord(signal, {
          type,
          meaning,
          subject: { issuer: 'i', userId: 'u' },
          ...content,
        });
        const batch = buildEntryBatch([{ draft, actorRef: 'a' }], {
          randomBytes,
          sha256: (bytes) => createHash('sha256').update(bytes).digest(),
        });
        expect(batch.count).toBe(1);
      }),
      { numRuns: 500 },
    );
  });
});
