import { expect, test } from 'vitest';
import { checkProviders } from '../../../packages/cli/src/commands/doctor/providers.ts';

const fetched = '2026-11-22T10:00:00.000Z';

test.each([
  ['fresh', { fetched, age_seconds: 120, stale: false, usable: true }, 'good', '2 minutes old'],
  [
    'stale',
    { fetched, age_seconds: 7200, stale: true, usable: true, failure: 'it is down' },
    'warning',
    '120 minutes old, and used all the same: it is down',
  ],
  [
    'too old',
    { fetched, age_seconds: 604_800, stale: true, usable: false, failure: 'it is down' },
    'bad',
    'what it tells is turned away: it is down',
  ],
  ['none', { stale: true, usable: false }, 'bad', 'its keys were never fetched'],
])('keys of a provider that are %s', (_name, keys, verdict, detail) => {
  expect(checkProviders({ providers: { 'https://sso.example': { keys } } })).toMatchObject([
    { verdict, subject: 'provider https://sso.example', detail: expect.stringContaining(detail) },
  ]);
});

test('without providers there is nothing to say', () => {
  expect(checkProviders({})).toEqual([]);
});

test.each([
  [{ poll: { answered: fetched } }, 'good', `asked for last at ${fetched}`],
  [{ poll: { failure: 'it answers 401' } }, 'warning', 'it answers 401'],
  [{ verification: { verified: fetched, overdue: false } }, 'good', `verified last at ${fetched}`],
  [{ verification: { overdue: true } }, 'warning', 'the stream was not verified yet'],
])('a stream of security events: %j', (stream, verdict, detail) => {
  const keys = { fetched, age_seconds: 120, stale: false, usable: true };
  expect(checkProviders({ providers: { 'https://sso.example': { keys, ...stream } } })[1]).toMatchObject({
    verdict,
    subject: 'security events of https://sso.example',
    detail,
  });
});
