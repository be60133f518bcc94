import fc from 'fast-check';
import { expect, test } from 'vitest';
import { RecentNumbers } from '../../../../packages/exporter/src/receive/recent-numbers.ts';

const LONG = 'x'.repeat(100);

test('ids that begin alike are told apart, however long they are', () => {
  const recent = new RecentNumbers(4);
  const numbering = { serial: 1 };
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

test('the last so many are known, whatever is added, taken back and added anew, by whomever', () => {
  const CAPACITY = 8;
  const step = fc.record({
    isAdded: fc.boolean(),
    serial: fc.integer({ min: 1, max: 3 }),
    number: fc.oneof(fc.integer({ min: 1, max: 12 }), fc.constantFrom(2 ** 31, 2 ** 32 + 1, 2 ** 53 - 1)),
    id: fc.constantFrom('a', 'b', LONG, `${LONG}b`),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
      const recent = new RecentNumbers(CAPACITY);
      // The same, as a list of places that are taken one after the other.
      const places: ({ key: string; id: string } | undefined)[] = [];
      for (const { isAdded, serial, number, id } of steps) {
        const key = `${serial} ${number}`;
        const at = places.findLastIndex((place) => place?.key === key);
        const known = at >= places.length - CAPACITY ? places[at] : undefined;
        expect(recent.isOther({ serial }, number, 'a')).toBe(known !== undefined && known.id !== 'a');
        if (isAdded && known === undefined) {
          places.push({ key, id });
          recent.add({ serial }, number, id);
        } else if (!isAdded) {
          if (known !== undefined) places[at] = undefined;
          recent.delete({ serial }, number);
        }
      }
    }),
    { numRuns: 500 },
  );
});
