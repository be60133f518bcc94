import { expect, test } from 'vitest';
import { type Numbering, RecentNumbers } from '../../../../packages/exporter/src/receive/recent-numbers.ts';

const LONG = 'x'.repeat(100);

test('ids that begin alike are told apart, however long they are', () => {
  const recent = new RecentNumbers(4);
  const numbering: Numbering = { places: new Map() };
  recent.add(numbering, 1, 'a');
  recent.add(numbering, 2, `${LONG}a`);
  recent.add(numbering, 3, '');
  const others = ['a', 'ab', '', `${LONG}a`, `${LONG}b`, LONG].map((id) =>
    [1, 2, 3, 4].filter((number) => recent.isOther(numbering, number, id)),
  );
  expect(others).toEqual([
    [2, 3],
    [1, 2, 3],
    [1, 2],
    [1, 3],
    [1, 2, 3],
    [1, 2, 3],
  ]);
});

test('the oldest leaves, and nothing else: neither a number that came anew, nor the same of somebody else', () => {
  const recent = new RecentNumbers(3);
  const [a, b]: [Numbering, Numbering] = [{ places: new Map() }, { places: new Map() }];
  recent.add(a, 1, LONG);
  recent.add(b, 1, 'of b');
  recent.delete(a, 1);
  expect(recent.isOther(a, 1, 'another')).toBe(false);
  recent.add(a, 1, 'anew');
  // The place that its first came to is given away here.
  recent.add(a, 2, 'short');
  expect([recent.isOther(a, 1, 'another'), recent.isOther(b, 1, 'another')]).toEqual([true, true]);
  expect([recent.isOther(a, 2, 'short'), recent.isOther(a, 2, LONG)]).toEqual([false, true]);
  recent.add(a, 3, 'third');
  expect([recent.isOther(a, 1, 'another'), recent.isOther(b, 1, 'another')]).toEqual([true, false]);
  expect([a.places.size, b.places.size]).toEqual([3, 0]);
});
