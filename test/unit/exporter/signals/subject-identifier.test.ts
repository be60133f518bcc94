import type { JsonValue } from '@spanledger/record';
import { describe, expect, test } from 'vitest';
import { readSubject } from '../../../../packages/exporter/src/signals/subject-identifier.ts';

const ISSUER = 'https://sso.example.com';
const PARTNER = 'https://partner.example';
const origin = { issuer: ISSUER, subjectIssuers: [PARTNER] };
const frank = { format: 'iss_sub', iss: ISSUER, sub: 'frank' };
const session = { format: 'opaque', id: 'sid-1' };

describe('is understood', () => {
  test.each<[string, JsonValue, object]>([
    ['a person of the transmitter', frank, { issuer: ISSUER, userId: 'frank' }],
    ['a person of another issuer', { ...frank, iss: PARTNER }, { issuer: PARTNER, userId: 'frank' }],
    ['an opaque person', { format: 'opaque', id: 'frank' }, { issuer: ISSUER, userId: 'frank' }],
    ['an email address', { format: 'email', email: 'f@x.example' }, { issuer: ISSUER, email: 'f@x.example' }],
    [
      'a telephone',
      { format: 'phone_number', phone_number: '+49123' },
      { issuer: ISSUER, others: { 'subject.user': { format: 'phone_number', phone_number: '+49123' } } },
    ],
    [
      'a person and a session',
      { format: 'complex', user: frank, session },
      { issuer: ISSUER, userId: 'frank', sessionId: 'sid-1' },
    ],
    [
      'the same without a format, as drafts had it',
      { user: frank, session },
      { issuer: ISSUER, userId: 'frank', sessionId: 'sid-1' },
    ],
    [
      'a session of a person of another issuer',
      { format: 'complex', user: { ...frank, iss: PARTNER }, session },
      { issuer: PARTNER, userId: 'frank', sessionId: 'sid-1' },
    ],
    ['a session', { format: 'complex', session }, { issuer: ISSUER, sessionId: 'sid-1' }],
    [
      'a person with a device and a tenant',
      {
        format: 'complex',
        user: frank,
        device: { format: 'opaque', id: 'd' },
        tenant: { format: 'opaque', id: 't' },
      },
      {
        issuer: ISSUER,
        userId: 'frank',
        others: {
          'subject.device': { format: 'opaque', id: 'd' },
          'subject.tenant': { format: 'opaque', id: 't' },
        },
      },
    ],
    [
      'aliases of one person',
      { format: 'aliases', identifiers: [frank, { format: 'email', email: 'f@x.example' }] },
      { issuer: ISSUER, userId: 'frank', email: 'f@x.example' },
    ],
  ])('%s', (_name, value, subject) => {
    expect(readSubject(value, origin)).toEqual({ ok: true, subject });
  });
});

describe('is refused', () => {
  test.each<[string, JsonValue | undefined, string]>([
    ['nobody', undefined, 'subject_missing'],
    ['text', 'frank', 'subject_missing'],
    ['nobody in particular', { format: 'complex' }, 'subject_missing'],
    ['a person of a stranger', { ...frank, iss: 'https://stranger.example' }, 'subject_foreign'],
    ['a person of nobody', { format: 'iss_sub', sub: 'frank' }, 'subject_unsupported'],
    ['an empty name', { ...frank, sub: '' }, 'subject_unsupported'],
    ['a name that is a number', { format: 'opaque', id: 7 }, 'subject_unsupported'],
    ['an address that is a list', { format: 'email', email: ['a@x'] }, 'subject_unsupported'],
    ['a format that nobody knows', { format: 'fingerprint', fingerprint: 'x' }, 'subject_unsupported'],
    ['aliases of nobody', { format: 'aliases', identifiers: [] }, 'subject_unsupported'],
    [
      'too many aliases',
      { format: 'aliases', identifiers: Array.from({ length: 17 }, () => frank) },
      'subject_unsupported',
    ],
    [
      'aliases in aliases',
      { format: 'aliases', identifiers: [{ format: 'aliases', identifiers: [frank] }] },
      'subject_unsupported',
    ],
    [
      'two persons as one',
      { format: 'aliases', identifiers: [frank, { ...frank, sub: 'grace' }] },
      'subject_unsupported',
    ],
    [
      'a person and a session of two issuers',
      { format: 'complex', user: frank, session: { ...frank, iss: PARTNER } },
      'subject_unsupported',
    ],
    ['a person that is text', { format: 'complex', user: 'frank' }, 'subject_unsupported'],
  ])('%s', (_name, value, code) => {
    expect(readSubject(value, origin)).toEqual({ ok: false, code });
  });
});
