import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import type { TokenFacts } from '../../../../packages/exporter/src/sessions/token-facts.ts';
import {
  exceedingScopes,
  foldToken,
  MAX_TOKEN_ADDRESSES,
  newToken,
  replaceToken,
} from '../../../../packages/exporter/src/sessions/token-row.ts';
import type { TokenRow } from '../../../../packages/exporter/src/sessions/token-row.ts';

const at = (second: number): string => `2026-11-02T09:00:${String(second).padStart(2, '0')}.000000000Z`;

function fold(...records: Partial<TokenFacts>[]): TokenRow {
  let row: TokenRow | undefined;
  for (const [index, record] of records.entries()) {
    const facts: TokenFacts = {
      id: 'jti',
      signal: 'used',
      time: at(index),
      actor: 'actor',
      issuer: 'https://id.example',
      failed: false,
      ...record,
    };
    const hidden = {
      token: 'hidden jti',
      previous: facts.previousId === undefined ? undefined : `hidden ${facts.previousId}`,
      address: facts.address === undefined ? undefined : `hidden ${facts.address}`,
    };
    const place = { time: facts.time, record: `record ${index}`, index };
    row ??= newToken(facts, hidden, place);
    foldToken(row, facts, hidden, place);
  }
  if (row === undefined) throw new Error('no record');
  return row;
}

const issue: Partial<TokenFacts> = {
  signal: 'issued',
  client: 'web',
  type: 'access',
  scopes: ['a', 'b'],
  requested: ['a', 'b', 'c'],
  flow: 'code',
  grantType: 'authorization_code',
  issuedAt: at(0),
  expiresAt: at(50),
};

it('keeps its issue, and counts its uses, refusals and questions', () => {
  const row = fold(issue, {}, { signal: 'rejected' }, { signal: 'introspected' }, {}, { signal: 'seen' });
  expect(row).toMatchObject({
    client: 'web',
    type: 'access',
    scopes: ['a', 'b'],
    requested: ['a', 'b', 'c'],
    issuedAt: at(0),
    expiresAt: at(50),
    origin: { how: 'issued', index: 0 },
    uses: 2,
    firstUse: { time: at(1) },
    lastUse: { time: at(4), record: 'record 4' },
    rejections: 1,
    introspections: 1,
  });
});

it('says why it took the place of another', () => {
  const row = fold({ signal: 'refreshed', previousId: 'old', reason: 'near_expiry', secondsLeft: 30 });
  expect(row).toMatchObject({
    previous: 'hidden old',
    origin: { how: 'refreshed', reason: 'near_expiry', secondsLeft: 30 },
  });
});

it('tells apart only so many addresses', () => {
  const row = fold(...Array.from({ length: 80 }, (_, i) => ({ address: `192.0.2.${i % 40}` })));
  expect(row).toMatchObject({ uses: 80, more: true });
  expect(row.addresses).toHaveLength(MAX_TOKEN_ADDRESSES);
  expect(fold({ address: 'one' }, { address: 'one' })).toMatchObject({
    addresses: ['hidden one'],
    more: false,
  });
});

it('was revoked when it was first said', () => {
  expect(fold({}, { signal: 'revoked', time: at(9) }, { signal: 'revoked', time: at(5) }).revoked?.time).toBe(
    at(5),
  );
});

it('is issued once, whatever is told again', () => {
  expect(fold(issue, { ...issue, scopes: ['all'] }).scopes).toEqual(['a', 'b']);
});

it('names each that took its place once, in the order of time', () => {
  const row = fold(issue);
  replaceToken(row, 'second', { time: at(9), record: 'r9', index: 9 });
  replaceToken(row, 'first', { time: at(8), record: 'r8', index: 10 });
  replaceToken(row, 'first', { time: at(7), record: 'r7', index: 11 });
  expect(row.replacements.map(({ by }) => by)).toEqual(['first', 'second']);
  for (let i = 0; i < 50; i++) replaceToken(row, `${i}`, { time: at(10), record: 'r', index: 12 + i });
  expect(row.replacements).toHaveLength(8);
});

describe('scopes', () => {
  const use: TokenFacts = { id: 'jti', signal: 'used', time: at(5), actor: 'a', issuer: '', failed: false };

  it.each([
    [{ scopes: ['a', 'x'] }, ['x']],
    [{ required: ['x'] }, ['x']],
    [{ scopes: ['a'], required: ['b'] }, []],
    [{ scopes: ['x'], failed: true }, []],
    [{ scopes: ['x'], signal: 'seen' }, []],
  ] as const)('of a use with %j beyond the grant are %j', (more, beyond) => {
    expect(exceedingScopes(fold(issue), { ...use, ...more })).toEqual(beyond);
  });

  it('are not judged where nobody told of the grant', () => {
    const row = fold({ scopes: ['a'] });
    expect(row.scopes).toEqual(['a']);
    expect(exceedingScopes(row, { ...use, scopes: ['x'] })).toEqual([]);
  });
});

it('is the same in whatever order its records arrive', () => {
  const told: Partial<TokenFacts>[] = [
    { ...issue, time: at(0) },
    { signal: 'used', address: 'one', time: at(3) },
    { signal: 'used', address: 'two', time: at(7) },
    { signal: 'revoked', time: at(20) },
    { signal: 'rejected', time: at(21) },
    { signal: 'introspected', time: at(4) },
  ];
  const facts = (row: TokenRow): unknown => ({
    ...row,
    first: 0,
    origin: { ...row.origin, record: '', index: 0 },
    firstUse: row.firstUse?.time,
    lastUse: row.lastUse?.time,
    revoked: row.revoked?.time,
    addresses: row.addresses.toSorted(),
  });
  const inTime = facts(fold(...told));
  fc.assert(
    fc.property(fc.shuffledSubarray(told, { minLength: told.length }), (shuffled) => {
      expect(facts(fold(...shuffled))).toEqual(inTime);
    }),
  );
});
