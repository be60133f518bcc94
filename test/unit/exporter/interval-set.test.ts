import fc from 'fast-check';
import { expect, test } from 'vitest';
import { IntervalSet } from '../../../packages/exporter/src/interval-set.ts';

test('does what a set of numbers does', () => {
  const step = fc.tuple(fc.constantFrom('add', 'delete', 'has', 'range'), fc.integer({ min: 1, max: 40 }));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const model = new Set<number>();
      const intervals = new IntervalSet();
      for (const [what, number] of steps) {
        if (what === 'add') {
          expect(intervals.add(number)).toBe(!model.has(number));
          model.add(number);
        } else if (what === 'range') {
          for (let each = number; each <= number + 3; each++) model.add(each);
          intervals.addRange(number, number + 3);
        } else if (what === 'delete') {
          expect(intervals.delete(number)).toBe(model.delete(number));
        }
        expect(intervals.has(number)).toBe(model.has(number));
        const inRange = [0, 1, 2].every((more) => model.has(number + more));
        expect(intervals.hasAll(number, number + 2)).toBe(inRange);
        expect(intervals.highest).toBe(Math.max(0, ...model));
        expect(numbersOf(intervals.holes().flat())).toEqual(
          Array.from({ length: intervals.highest }, (_, i) => i + 1).filter((each) => !model.has(each)),
        );
      }
      expect(numbersOf(intervals.bounds)).toEqual([...model].sort((a, b) => a - b));
      expect(numbersOf(new IntervalSet(intervals.bounds).bounds)).toEqual(numbersOf(intervals.bounds));
      // Ranges never touch: two that do are one.
      for (let i = 2; i < intervals.bounds.length; i += 2) {
        expect(intervals.bounds[i]).toBeGreaterThan((intervals.bounds[i - 1] ?? 0) + 1);
      }
    }),
    { numRuns: 1000 },
  );
});

test('a million numbers in order are one range', () => {
  const intervals = new IntervalSet();
  for (let number = 1; number <= 1_000_000; number++) intervals.add(number);
  expect(intervals.bounds).toEqual([1, 1_000_000]);
});

function numbersOf(bounds: readonly number[]): number[] {
  const numbers: number[] = [];
  for (let i = 0; i < bounds.length; i += 2) {
    for (let number = bounds[i] ?? 0; number <= (bounds[i + 1] ?? 0); number++) numbers.push(number);
  }
  return numbers;
}
