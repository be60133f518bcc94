import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  MAX_PRODUCERS,
  MAX_RUNS_PER_PRODUCER,
  ProducerSequences,
} from '../../../packages/ledger/src/verify/producer-sequences.ts';

describe('producer sequences', () => {
  test('find the holes of any order of numbers, and what came twice', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 80 }), (numbers) => {
        const sequences = new ProducerSequences();
        const repeated = numbers.filter((number) => sequences.add('id', { streamId: 's', number }));
        const seen = new Set(numbers);
        const last = Math.max(...seen);
        const missing = new Set<number>();
        const [report] = sequences.reports();
        for (const [from, to] of report?.missing ?? []) for (let n = from; n <= to; n++) missing.add(n);
        const expected = Array.from({ length: last }, (_, i) => i + 1).filter((n) => !seen.has(n));
        expect([...missing]).toEqual(expected);
        expect(report).toMatchObject({
          streamId: 's',
          count: seen.size,
          first: Math.min(...seen),
          last,
          exact: true,
        });
        expect(report?.duplicates).toBe(numbers.length - seen.size);
        expect(repeated).toHaveLength(numbers.length - seen.size);
      }),
    );
  });

  test('numbers that were left out are no holes, in any order and however they overlap', () => {
    const number = fc.integer({ min: 1, max: 60 });
    const run = fc.tuple(number, fc.integer({ min: 0, max: 9 }));
    fc.assert(
      fc.property(fc.array(fc.oneof(number, run), { minLength: 1, maxLength: 60 }), (steps) => {
        const sequences = new ProducerSequences();
        const seen = new Set<number>();
        let skipped = 0;
        for (const step of steps) {
          if (typeof step === 'number') sequences.add('id', { streamId: 's', number: step });
          else sequences.addSkipped({ streamId: 's', bounds: [step[0], step[0] + step[1]] });
          const [from, length] = typeof step === 'number' ? [step, 0] : step;
          for (let n = from; n <= from + length; n++) {
            if (typeof step !== 'number' && !seen.has(n)) skipped += 1;
            seen.add(n);
          }
        }
        const [report] = sequences.reports();
        const missing = new Set<number>();
        for (const [from, to] of report?.missing ?? []) for (let n = from; n <= to; n++) missing.add(n);
        const last = Math.max(...seen);
        expect([...missing]).toEqual(
          Array.from({ length: last }, (_, i) => i + 1).filter((n) => !seen.has(n)),
        );
        expect(report).toMatchObject({ count: seen.size, skipped, last, exact: true });
      }),
    );
  });

  test('what was left out stands in a saved state', () => {
    const sequences = new ProducerSequences();
    sequences.add('id', { streamId: 's', number: 4 });
    sequences.addSkipped({ streamId: 's', bounds: [1, 2, 7, 7] });
    const restored = new ProducerSequences();
    restored.restore(sequences.save());
    expect(restored.reports()).toEqual(sequences.reports());
    expect(restored.reports()).toMatchObject([
      {
        count: 4,
        skipped: 3,
        last: 7,
        missing: [
          [3, 3],
          [5, 6],
        ],
      },
    ]);
  });

  test('an event that shares its span’s number is no duplicate', () => {
    const sequences = new ProducerSequences();
    const sequence = { streamId: 's', number: 1 };
    expect(['t-s-s', 't-s-s-e0', 't-s-s-e1'].map((id) => sequences.add(id, sequence))).toEqual([
      false,
      false,
      false,
    ]);
    expect(sequences.add('t-s-s', sequence)).toBe(true);
  });

  test('records without a usable number are known by their id', () => {
    const sequences = new ProducerSequences();
    expect(sequences.add('a')).toBe(false);
    expect(sequences.add('b', { streamId: 's', number: 0 })).toBe(false);
    expect(sequences.add('c', { streamId: 's', number: 1.5 })).toBe(false);
    expect(sequences.add('d', { streamId: 's', number: 1e300 })).toBe(false);
    expect(['a', 'b', 'c', 'd'].map((id) => sequences.add(id))).toEqual([true, true, true, true]);
    for (let i = 0; i < 70_000; i++) sequences.add(`x${i}`);
    expect(sequences.add('a')).toBe(false);
    expect(sequences.reports()).toEqual([]);
  });

  test('memory is bounded by runs and by producers, and that is said', () => {
    const sequences = new ProducerSequences();
    for (let i = 0; i < MAX_RUNS_PER_PRODUCER + 10; i++)
      sequences.add('id', { streamId: 's', number: 1 + 2 * i });
    const [report] = sequences.reports();
    expect(report?.exact).toBe(false);
    expect(report?.missing).toHaveLength(MAX_RUNS_PER_PRODUCER - 1);
    for (let i = 0; i < MAX_PRODUCERS + 5; i++) sequences.add('id', { streamId: `p${i}`, number: 1 });
    expect(sequences.reports()).toHaveLength(MAX_PRODUCERS);
    expect(sequences.untracked).toBe(6);
  });
});
