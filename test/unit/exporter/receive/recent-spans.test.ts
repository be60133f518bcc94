import fc from 'fast-check';
import { expect, test } from 'vitest';
import { RecentSpans } from '../../../../packages/exporter/src/receive/recent-spans.ts';

test('the last so many are known, whatever is added, taken back and added anew', () => {
  const CAPACITY = 8;
  const step = fc.record({
    isAdded: fc.boolean(),
    // Keys that differ in any one word, or in none.
    word: fc.integer({ min: 0, max: 5 }),
    bits: fc.constantFrom(0, 1, 2, -1, -(2 ** 31)),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
      const recent = new RecentSpans(CAPACITY);
      // The same, as a list of places that are taken one after the other.
      const places: (string | undefined)[] = [];
      for (const { isAdded, word, bits } of steps) {
        const key = Int32Array.from({ length: 6 }, (_, i) => (i === word ? bits : 0));
        const at = places.lastIndexOf(key.join());
        const isKnown = at >= 0 && at >= places.length - CAPACITY;
        expect(recent.has(key)).toBe(isKnown);
        if (isAdded) {
          expect(recent.add(key)).toBe(!isKnown);
          if (!isKnown) places.push(key.join());
        } else {
          if (isKnown) places[at] = undefined;
          recent.delete(key);
        }
        expect(recent.size).toBe(places.slice(-CAPACITY).filter((place) => place !== undefined).length);
      }
    }),
    { numRuns: 500 },
  );
});
