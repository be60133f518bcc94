import { formatReport, type VerificationReport } from '@spanledger/ledger/verify';
import type { JsonObject } from '@spanledger/record';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { explainGaps, type PlacedStatement } from '../../../packages/ledger/src/verify/explained-gaps.ts';
import { makeEntries, publishWithHistory, type MemoryLog } from './support/memory-log.ts';
import { verify } from './support/tampering.ts';

const HOLES = 600;

/** A log without the numbers 13 to 17 and 300 to 309; `change` makes records that account for them. */
function logWithHoles(change: (record: JsonObject, index: number) => JsonObject): MemoryLog {
  const numberOf = (index: number): number => (index < 12 ? index + 1 : index < 294 ? index + 6 : index + 16);
  return publishWithHistory(makeEntries(HOLES, numberOf, change));
}

function asLost(record: JsonObject, lost: JsonObject, reason = 'spool_full'): JsonObject {
  const { audit, event } = record;
  return { ...record, audit: { ...objectOf(audit), lost }, event: { ...objectOf(event), reason } };
}

function asNoticed(record: JsonObject, producer: JsonObject, kind = 'state'): JsonObject {
  const { sequence: _, ...audit } = objectOf(record['audit']);
  return {
    ...record,
    audit: { ...audit, producer },
    event: { ...objectOf(record['event']), action: 'producer.gap', kind },
  };
}

function objectOf(value: unknown): JsonObject {
  return typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value)) : {};
}

function gapWarnings({ warnings }: VerificationReport): string[] {
  return warnings.filter(({ code }) => code === 'producer_gap').map(({ detail }) => detail);
}

describe('a hole in a producer’s numbers', () => {
  test('that a record accounts for is an explained gap, and no warning', async () => {
    const log = logWithHoles((record, index) =>
      index === 20
        ? asLost(record, { count: 5, first: 13, last: 17 })
        : index === 599
          ? asNoticed(record, { stream_id: 'stream', first: 300, last: 309 })
          : record,
    );
    const report = await verify(log);
    expect(report.ok).toBe(true);
    expect(gapWarnings(report)).toEqual([]);
    expect(report.producers[0]).toMatchObject({
      missing: [
        [13, 17],
        [300, 309],
      ],
      explained: [
        { from: 13, to: 17, by: 'lost', reason: 'spool_full', index: 20 },
        { from: 300, to: 309, by: 'noticed', index: 599 },
      ],
      unexplained: [],
    });
    const text = formatReport(report);
    expect(text).toContain('Explained gaps: 2');
    expect(text).toContain('13–17 — its producer lost them (spool_full), entry 20');
    expect(text).toContain('300–309 — found missing while the service ran, entry 599');
    expect(text).toContain('numbers that are not in the log, all explained');
  });

  test('stays a warning as far as no record speaks for it', async () => {
    const report = await verify(
      logWithHoles((record, index) =>
        index === 20 ? asLost(record, { count: 3, first: 13, last: 305 }) : record,
      ),
    );
    expect(gapWarnings(report)).toEqual(['Producer stream: not in the log are 16–17, 300–309.']);
    expect(formatReport(report)).toContain('unexplained of 1');
  });

  test.each<[string, (record: JsonObject) => JsonObject]>([
    ['is about another producer', (record) => asNoticed(record, { stream_id: 'other', first: 13, last: 17 })],
    [
      'is no record of the service',
      (record) => asNoticed(record, { stream_id: 'stream', first: 13, last: 17 }, 'event'),
    ],
    ['ends before it begins', (record) => asLost(record, { count: 5, first: 17, last: 13 })],
    ['speaks for nothing', (record) => asLost(record, { count: 0, first: 13, last: 17 })],
    ['has numbers that are none', (record) => asLost(record, { count: 5, first: 12.5, last: 17 })],
  ])('is not explained by a record that %s', async (_, change) => {
    const report = await verify(logWithHoles((record, index) => (index === 30 ? change(record) : record)));
    expect(gapWarnings(report)).toHaveLength(1);
    expect(report.producers[0]?.explained).toEqual([]);
  });

  test('is explained the same after an interruption', async () => {
    const log = logWithHoles((record, index) =>
      index === 20 ? asLost(record, { count: 5, first: 13, last: 17 }) : record,
    );
    const whole = await verify(log);
    const states: string[] = [];
    await verify(log, { onState: (state) => void states.push(state), stateIntervalMs: 0 });
    expect(states.length).toBeGreaterThan(0);
    for (const resume of states) {
      expect({ ...(await verify(log, { resume })), elapsedMs: 0 }).toEqual({ ...whole, elapsedMs: 0 });
    }
  });
});

const range = fc.integer({ min: 1, max: 60 }).chain((first) =>
  fc.record({
    first: fc.constant(first),
    last: fc.integer({ min: first, max: 70 }),
    count: fc.integer({ min: 1, max: 12 }),
    kind: fc.constantFrom('lost' as const, 'noticed' as const),
  }),
);

describe('explaining holes', () => {
  test('divides them, and takes no more from a record than it speaks for', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.integer({ min: 1, max: 70 }), { maxLength: 40 }),
        fc.array(range, { maxLength: 8 }),
        (numbers, ranges) => {
          const missing = toRuns(numbers);
          const statements = ranges.map((each, index): PlacedStatement => ({
            ...each,
            count: Math.min(each.count, each.last - each.first + 1),
            index,
          }));
          const { explained, unexplained } = explainGaps(missing, statements);
          const all = [...explained.map(({ from, to }): [number, number] => [from, to]), ...unexplained];
          expect(all.flatMap(numbersOf).toSorted((a, b) => a - b)).toEqual(missing.flatMap(numbersOf));
          for (const { index, first, last, count } of statements) {
            const taken = explained
              .filter((gap) => gap.index === index)
              .flatMap(({ from, to }) => numbersOf([from, to]));
            expect(taken.length).toBeLessThanOrEqual(count);
            expect(taken.every((number) => number >= first && number <= last)).toBe(true);
          }
          // Whatever is left over, nobody who still had something to say was speaking of it.
          const used = (index: number): number =>
            explained
              .filter((gap) => gap.index === index)
              .reduce((sum, { from, to }) => sum + to - from + 1, 0);
          for (const number of unexplained.flatMap(numbersOf)) {
            const idle = statements.filter(({ first, last }) => first <= number && number <= last);
            expect(idle.every(({ index, count }) => used(index) === count)).toBe(true);
          }
        },
      ),
    );
  });
});

function toRuns(numbers: readonly number[]): [number, number][] {
  const runs: [number, number][] = [];
  for (const number of numbers.toSorted((a, b) => a - b)) {
    const last = runs.at(-1);
    if (last?.[1] === number - 1) last[1] = number;
    else runs.push([number, number]);
  }
  return runs;
}

function numbersOf([from, to]: readonly [number, number]): number[] {
  return Array.from({ length: to - from + 1 }, (_, i) => from + i);
}
