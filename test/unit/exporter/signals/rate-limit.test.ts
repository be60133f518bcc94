import { expect, test } from 'vitest';
import {
  MAX_ADDRESSES,
  MAX_BURST,
  RateLimit,
  REQUESTS_PER_SECOND,
} from '../../../../packages/exporter/src/signals/rate-limit.ts';

function takeUpTo(limit: RateLimit, address: string, count: number): number {
  let taken = 0;
  for (let i = 0; i < count; i++) if (limit.take(address)) taken++;
  return taken;
}

test('an address may make a burst, then so many a second', () => {
  let nowMs = 0;
  const limit = new RateLimit(() => nowMs);
  expect(takeUpTo(limit, 'a', MAX_BURST + 100)).toBe(MAX_BURST);
  nowMs += 1000;
  expect(takeUpTo(limit, 'a', 2 * REQUESTS_PER_SECOND)).toBe(REQUESTS_PER_SECOND);
  nowMs += 3_600_000;
  expect(takeUpTo(limit, 'a', 2 * MAX_BURST)).toBe(MAX_BURST);
});

test('one that floods keeps nobody else out', () => {
  const limit = new RateLimit(() => 0);
  takeUpTo(limit, 'a', 2 * MAX_BURST);
  expect(limit.take('a')).toBe(false);
  expect(limit.take('b')).toBe(true);
});

test('of ever so many addresses only so many are remembered, the last ones', () => {
  const limit = new RateLimit(() => 0);
  takeUpTo(limit, 'a', MAX_BURST);
  takeUpTo(limit, 'b', MAX_BURST);
  for (let i = 0; i < MAX_ADDRESSES - 2; i++) limit.take(`192.0.2.${i}`);
  // Still there, and now the youngest: what comes next forgets the other one.
  expect(limit.take('a')).toBe(false);
  limit.take('one more');
  expect(limit.take('b')).toBe(true);
  expect(limit.take('a')).toBe(false);
});
