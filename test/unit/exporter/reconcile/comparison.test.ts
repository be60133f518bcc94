import { describe, expect, test } from 'vitest';
import { compareSides } from '../../../../packages/exporter/src/reconcile/comparison.ts';
import {
  grantRefused,
  sessionEnded,
  sessionsOfUserEnded,
} from '../../../../packages/exporter/src/reconcile/fact-keys.ts';
import type { Fact, LedgerFact, ProviderEvent } from '../../../../packages/exporter/src/reconcile/fact.ts';

const WINDOW = { fromMs: 1_000_000, toMs: 2_000_000 };
const TOLERANCE_MS = 60_000;

const issued = (key: string): Fact => ({ kind: 'token.issued', key });

function event(id: string, atMs: number, ...facts: Fact[]): ProviderEvent {
  return { id, atMs, type: 'X', outcome: 'success', category: ['iam'], facts, details: {} };
}

function record(recordId: string, atMs: number, ...facts: Fact[]): LedgerFact {
  return { recordId, atMs, action: 'x', facts };
}

function compare(events: ProviderEvent[], records: LedgerFact[]): [inLedger: string[], atProvider: string[]] {
  const found = compareSides(events, records, WINDOW, TOLERANCE_MS);
  return [found.missingInLedger.map(({ id }) => id), found.missingAtProvider.map(({ recordId }) => recordId)];
}

describe('what has an id', () => {
  test('is the same on both sides, however far apart their clocks are', () => {
    expect(compare([event('e', 1_000_010, issued('t'))], [record('r', 999_990, issued('t'))])).toEqual([
      [],
      [],
    ]);
    expect(compare([event('e', 999_990, issued('t'))], [record('r', 1_000_010, issued('t'))])).toEqual([
      [],
      [],
    ]);
  });

  test('is missing where another token was issued', () => {
    const found = compare([event('e', 1_500_000, issued('t'))], [record('r', 1_500_000, issued('u'))]);
    expect(found).toEqual([['e'], ['r']]);
  });

  test('is not the same because it has the same id in another role', () => {
    const refreshed: Fact = { kind: 'token.refreshed', key: 't' };
    const found = compare([event('e', 1_500_000, issued('t'))], [record('r', 1_500_000, refreshed)]);
    expect(found).toEqual([['e'], ['r']]);
  });

  test.each([
    [999_999, []],
    [1_000_000, ['e']],
    [1_999_999, ['e']],
    [2_000_000, []],
  ])('is reported by the window that it happened in, and by no other: %i', (atMs, reported) => {
    expect(compare([event('e', atMs, issued('t'))], [])[0]).toEqual(reported);
  });
});

test('what no application can see is always reported', () => {
  expect(compare([event('e', 1_500_000)], [])).toEqual([['e'], []]);
});

test('one event may explain several records, and only the first fact is demanded of the ledger', () => {
  const events = [event('logout', 1_500_000, sessionEnded('s'))];
  const ends = ['a', 'b'].map((id) => record(id, 1_500_000, sessionEnded('s'), sessionsOfUserEnded('u')));
  expect(compare(events, ends)).toEqual([[], []]);
  expect(compare([event('admin', 1_500_000, sessionsOfUserEnded('u'))], ends)).toEqual([[], []]);
  expect(compare([event('login', 1_500_000, issued('t'), sessionEnded('s'))], ends)).toEqual([['login'], []]);
});

describe('refusals', () => {
  const refused = grantRefused('shop', 'refresh_token');

  test('answer one another one by one', () => {
    const events = [event('e1', 1_500_000, refused), event('e2', 1_500_100, refused)];
    expect(compare(events, [record('r1', 1_500_010, refused)])).toEqual([['e2'], []]);
    expect(
      compare(events.slice(0, 1), [record('r1', 1_500_010, refused), record('r2', 1_500_020, refused)]),
    ).toEqual([[], ['r2']]);
  });

  test('do not answer one another from too far, or across clients and grants', () => {
    const far = record('r', 1_500_000 + TOLERANCE_MS + 1, refused);
    expect(compare([event('e', 1_500_000, refused)], [far])).toEqual([['e'], ['r']]);
    const other = record('r', 1_500_000, grantRefused('shop', 'password'));
    expect(compare([event('e', 1_500_000, refused)], [other])).toEqual([['e'], ['r']]);
  });
});
