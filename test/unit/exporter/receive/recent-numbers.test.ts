import fc from 'fast-check';
import { expect, test } from 'vitest';
import { RecentNumbers } from '../../../../packages/exporter/src/receive/recent-numbers.ts';
import { keyOf } from '../../../../packages/exporter/src/receive/span-key.ts';

const A = keyOf('a', '0');
const B = keyOf('b', '0');

test('the last so many are known, whatever is added, taken back and added anew, by whomever', () => {
  const CAPACITY = 8;
  const step = fc.record({
    isAdded: fc.boolean(),
    serial: fc.integer({ min: 1, max: 3 }),
    number: fc.oneof(
      fc.integer({ min: 1, max: 12 }),
      fc.constantFrom(2 ** 31, 2 ** 32 + 1, 2 ** 33 + 1, 2 ** 53 - 1),
    ),
    key: fc.constantFrom(A, B),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
      const recent = new RecentNumbers(CAPACITY);
      // The same, as a list of places that are taken one after the other.
      const places: ({ name: string; key: Int32Array } | undefined)[] = [];
      for (const { isAdded, serial, number, key } of steps) {
        const name = `${serial} ${number}`;
        const at = places.findLastIndex((place) => place?.name === name);
        const known = at >= places.length - CAPACITY ? places[at] : undefined;
        expect(recent.isOther({ serial }, number, A)).toBe(known !== undefined && known.key !== A);
        if (isAdded && known === undefined) {
          places.push({ name, key });
          recent.add({ serial }, number, key);
        } else if (!isAdded) {
          if (known !== undefined) places[at] = undefined;
          recent.delete({ serial }, number);
        }
      }
    }),
    { numRuns: 500 },
  );
});
