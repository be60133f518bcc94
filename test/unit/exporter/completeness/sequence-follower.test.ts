import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MAX_RANGES_PER_PRODUCER } from '../../../../packages/exporter/src/completeness/producer.ts';
import { MAX_GAPS_AT_A_TIME } from '../../../../packages/exporter/src/completeness/sequence-follower.ts';
import { LIMITS, SequenceWorld } from './sequence-world.ts';

const { graceMs, silenceMs } = LIMITS;

function worldWith(stream: string, numbers: readonly number[]): SequenceWorld {
  const world = new SequenceWorld();
  for (const number of numbers) world.arrive({ stream, number });
  world.follow();
  return world;
}

describe('a hole in the numbers of a producer', () => {
  test('is said to be one after the grace time, once, with the last record as evidence', () => {
    const world = worldWith('a', [1, 2, 5, 6]);
    world.wait(0);
    world.wait(graceMs - 1);
    expect(world.said).toEqual([]);
    world.wait(1);
    world.wait(10 * graceMs);
    expect(world.said).toEqual(['gap a 3-4']);
    expect(world.states[0]).toMatchObject({
      audit: {
        outcome: 'failure',
        producer: { stream_id: 'a', first: 3, last: 4, count: 2 },
        evidence: { records: ['t-6-a'], count: 1, first_index: 3, last_index: 3 },
      },
      event: { action: 'producer.gap', kind: 'state' },
      service: { name: 'shop' },
    });
  });

  test('is none where the numbers come in another order within the grace time', () => {
    const world = worldWith('a', [3, 1, 5]);
    world.wait(0);
    world.wait(graceMs - 1);
    for (const number of [4, 2]) world.arrive({ stream: 'a', number });
    world.follow();
    world.wait(10 * graceMs);
    expect(world.said).toEqual([]);
  });

  test('is as old as it was when an arrival divides it', () => {
    const world = worldWith('a', [1, 9]);
    world.wait(0);
    world.wait(graceMs - 1);
    world.arrive({ stream: 'a', number: 5 });
    world.follow();
    world.wait(1);
    expect(world.said).toEqual(['gap a 2-4', 'gap a 6-8']);
  });

  test('is closed by the last of its numbers, with both records as evidence', () => {
    const world = worldWith('a', [1, 4]);
    world.wait(0);
    world.wait(graceMs);
    world.arrive({ stream: 'a', number: 3 });
    world.follow();
    expect(world.said).toEqual(['gap a 2-3']);
    world.arrive({ stream: 'a', number: 2 });
    world.follow();
    expect(world.said).toEqual(['gap a 2-3', 'gap_closed a 2-3']);
    expect(world.states[1]?.audit.evidence).toMatchObject({
      records: [world.states[0]?.audit.record.id, 't-2-a'],
    });
  });

  test('that was filled while it was being said is closed at once', () => {
    const world = worldWith('a', [1, 3]);
    world.wait(0);
    // The record of the gap is on its way when the number comes.
    world.nowMs += graceMs;
    world.arrive({ stream: 'a', number: 2 });
    const before = world.log.splice(2);
    world.wait(0);
    const [gap] = world.log.splice(2);
    for (const each of [...before, ...(gap === undefined ? [] : [gap])])
      world.log.push({ ...each, index: world.log.length });
    const again = new SequenceWorld(world.log);
    again.follow();
    expect(again.said).toEqual(['gap a 2-2', 'gap_closed a 2-2']);
  });

  test('needs no record of the service where its producer accounts for it', () => {
    const world = worldWith('a', [1, 2]);
    world.arrive({ stream: 'a', number: 10, lost: { first: 3, last: 9, count: 7 } });
    world.follow();
    world.wait(0);
    world.wait(10 * graceMs);
    expect(world.said).toEqual([]);
  });

  test('is none where the audit policy left the spans out, and closes what it was', () => {
    const world = worldWith('a', [1, 4, 9]);
    world.skip('a', [2, 3]);
    world.follow();
    world.wait(0);
    world.wait(graceMs);
    expect(world.said).toEqual(['gap a 5-8']);
    world.skip('a', [5, 8]);
    world.skip('b', [1, 7]);
    world.arrive({ stream: 'b', number: 8 });
    world.follow();
    world.wait(0);
    world.wait(graceMs);
    expect(world.said).toEqual(['gap a 5-8', 'gap_closed a 5-8']);
  });

  test('many at a time share one record', () => {
    const world = worldWith(
      'a',
      Array.from({ length: MAX_GAPS_AT_A_TIME + 5 }, (_, i) => 2 * i + 2),
    );
    world.wait(0);
    world.wait(graceMs);
    expect(world.said).toEqual(['gap a 1-41']);
    expect(world.states[0]?.audit.producer?.count).toBe(MAX_GAPS_AT_A_TIME + 5);
    world.wait(10 * graceMs);
    expect(world.said).toHaveLength(1);
  });

  test('is not what the service missed while it was down', () => {
    const world = worldWith('a', [1, 3]);
    world.wait(0);
    const later = new SequenceWorld(world.log);
    later.nowMs = world.nowMs + 100 * graceMs;
    later.follow();
    later.wait(0);
    expect(later.said).toEqual([]);
  });
});

describe('a producer', () => {
  test('that says nothing for long and has not ended is silent, once; the next span resumes it', () => {
    const world = worldWith('a', [1, 2]);
    world.wait(0);
    world.wait(silenceMs - 1);
    expect(world.said).toEqual([]);
    world.wait(1);
    world.wait(10 * silenceMs);
    expect(world.said).toEqual(['silent a 2']);
    world.arrive({ stream: 'a', number: 3 });
    world.follow();
    expect(world.said).toEqual(['silent a 2', 'resumed a 2']);
    world.wait(0);
    world.wait(silenceMs);
    expect(world.said).toEqual(['silent a 2', 'resumed a 2', 'silent a 3']);
  });

  test('that has ended is not silent', () => {
    const world = worldWith('a', [1]);
    world.arrive({ stream: 'a', number: 2, event: 'audit.producer.ended' });
    world.follow();
    world.wait(0);
    world.wait(10 * silenceMs);
    expect(world.said).toEqual([]);
  });

  test('that goes on after its terminal marker has not ended', () => {
    const world = worldWith('a', [1]);
    world.arrive({ stream: 'a', number: 2, event: 'audit.producer.ended' });
    world.arrive({ stream: 'a', number: 3 });
    world.follow();
    world.wait(0);
    world.wait(silenceMs);
    expect(world.said).toEqual(['silent a 3']);
  });

  test('may be silent for ever, if that is how it is configured', () => {
    const world = new SequenceWorld([], { silenceMs: 0 });
    world.arrive({ stream: 'a', number: 1 });
    world.follow();
    world.wait(0);
    world.wait(1e12);
    expect(world.said).toEqual([]);
  });

  test('takes the place of one that ended, or has the same instance', () => {
    const world = worldWith('a', [1]);
    world.arrive({ stream: 'b', number: 1 });
    world.follow();
    // Two processes side by side, as far as anybody can tell.
    expect(world.said).toEqual([]);
    world.arrive({ stream: 'a', number: 2, event: 'audit.producer.ended' });
    for (const stream of ['c', 'd']) world.arrive({ stream, number: 1 });
    for (const stream of ['x', 'y']) world.arrive({ stream, number: 1, instance: 'pod-1' });
    world.arrive({ stream: 'z', number: 1, service: 'other', instance: 'pod-1' });
    world.follow();
    expect(world.said).toEqual(['restarted c a', 'restarted y x']);
    expect(world.states.map(({ audit }) => audit.outcome)).toEqual(['success', 'unknown']);
  });

  test('that gives a number twice is told, at each doubling', () => {
    const world = worldWith('a', [1, 2]);
    for (let i = 0; i < 9; i++) world.arrive({ stream: 'a', number: 2, id: `other-${i}` });
    world.follow();
    expect(world.said).toEqual(['x1', 'x2', 'x4', 'x8'].map((count) => `duplicate a 2-2 ${count}`));
  });

  test('an event that shares its span’s number is no duplicate', () => {
    const world = worldWith('a', [1]);
    world.arrive({ stream: 'a', number: 2, event: 'oidc.session.started' });
    world.follow();
    expect(world.said).toEqual([]);
  });
});

describe('memory is bounded', () => {
  test('by holes: the lowest is taken for filled, and that is said', () => {
    const world = worldWith(
      'a',
      Array.from({ length: MAX_RANGES_PER_PRODUCER + 3 }, (_, i) => 2 * i + 2),
    );
    world.arrive({ stream: 'a', number: 20_000, session: 's' });
    world.follow();
    const { complete, producers } = world.completeness('s');
    expect(complete).toBe(false);
    expect(producers[0]?.exact).toBe(false);
  });

  test('by producers: the one that was heard longest ago is forgotten, however batches fall', () => {
    const names = ['a', 'b', 'c', 'a', 'd', 'e', 'b', 'f'];
    const worlds = [1, 2, 100].map((batch) => {
      const world = new SequenceWorld([], { maxProducers: 3 });
      names.forEach((stream, i) => {
        world.arrive({ stream, number: i + 1, session: stream });
      });
      world.follow(() => batch);
      return world;
    });
    expect(worlds[1]?.dump()).toEqual(worlds[0]?.dump());
    expect(worlds[2]?.dump()).toEqual(worlds[0]?.dump());
    expect(worlds[0]?.completeness('c')).toMatchObject({ complete: false, producers: [{ tail: 'unknown' }] });
    expect(worlds[0]?.completeness('f').producers).toMatchObject([{ tail: 'open' }]);
  });
});

const STREAMS = ['a', 'b', 'c'];
const step = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      what: fc.constant('arrive' as const),
      stream: fc.constantFrom(...STREAMS),
      number: fc.integer({ min: 1, max: 14 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      what: fc.constant('wait' as const),
      ms: fc.constantFrom(0, 400, 700, 1500, 50_000),
    }),
  },
  { weight: 1, arbitrary: fc.record({ what: fc.constant('restart' as const) }) },
);

describe('whatever comes, in whatever order', () => {
  test('what is said and stored is what a naive reference makes of the whole log', () => {
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 60 }),
        fc.infiniteStream(fc.integer({ min: 1, max: 7 })),
        (steps, sizes) => {
          const batch = (): number => sizes.next().value ?? 1;
          let world = new SequenceWorld();
          steps.forEach((each, i) => {
            if (each.what === 'wait') world.wait(each.ms);
            else if (each.what === 'restart') {
              // Without its database: everything is rebuilt, and nothing is said again.
              const before = world.log.length;
              const { nowMs } = world;
              world.follow(batch);
              const after = world.log.length;
              world = new SequenceWorld(world.log);
              world.nowMs = nowMs;
              world.follow(batch);
              expect(world.log).toHaveLength(after);
              expect(after).toBeGreaterThanOrEqual(before);
            } else {
              const { stream, number } = each;
              world.arrive({ stream, number, id: `step-${i}`, session: `of-${number % 3}` });
              if (i % 2 === 0) world.follow(batch);
            }
          });
          world.follow(batch);
          world.wait(0);
          world.wait(graceMs);
          checkAgainstReference(world);
          const rebuilt = new SequenceWorld([...world.log]);
          rebuilt.follow(batch, false);
          expect(rebuilt.dump()).toEqual(world.dump());
          expect(rebuilt.waiting).toBe(0);
        },
      ),
      { numRuns: 300 },
    );
  });
});

/** Goes through the whole log with sets of numbers. */
function checkAgainstReference(world: SequenceWorld): void {
  const ids = world.log.map(({ record }) => record.audit.record.id);
  expect(new Set(ids).size).toBe(ids.length);
  for (const stream of STREAMS) {
    const numbers = world.log.flatMap(({ record }) => {
      const { sequence } = record.audit;
      return sequence?.stream_id === stream ? [sequence.number] : [];
    });
    const seen = new Set(numbers);
    const highest = Math.max(0, ...seen);
    const missing = Array.from({ length: highest }, (_, i) => i + 1).filter((number) => !seen.has(number));
    const about = world.states.filter(({ audit }) => audit.producer?.stream_id === stream);
    const gaps = about.filter(({ event }) => event.action === 'producer.gap').map(rangeOf);
    const closed = about.filter(({ event }) => event.action === 'producer.gap_closed').map(rangeOf);
    // Every missing number stands in a gap that is open, and every gap of which none is missing any more is closed.
    const open = gaps.filter(([first, last]) => missing.some((number) => first <= number && number <= last));
    expect(missing.every((number) => open.some(([first, last]) => first <= number && number <= last))).toBe(
      true,
    );
    const over = gaps.filter((range) => !open.includes(range));
    expect(closed.toSorted(byFirst)).toEqual(over.toSorted(byFirst));
    const repeats = numbers.length - seen.size;
    const told = about.filter(({ event }) => event.action === 'producer.duplicate').length;
    expect(told).toBe(repeats === 0 ? 0 : Math.floor(Math.log2(repeats)) + 1);
  }
  for (const session of ['of-0', 'of-1', 'of-2']) {
    const { producers } = world.completeness(session);
    for (const { stream_id: stream, first, last, holes } of producers) {
      const all = sequencesOf(world, stream);
      const own = world.log.flatMap(({ record }) =>
        record.audit.session?.id === session && record.audit.sequence?.stream_id === stream
          ? [record.audit.sequence.number]
          : [],
      );
      expect([first, last]).toEqual([Math.min(...own), Math.max(...own)]);
      const inside = Array.from({ length: last - first + 1 }, (_, i) => first + i).filter(
        (number) => !all.has(number),
      );
      const told = holes.flatMap(({ from, to }) => Array.from({ length: to - from + 1 }, (_, i) => from + i));
      expect(told.filter((number) => first <= number && number <= last)).toEqual(inside);
      expect(told.every((number) => !all.has(number))).toBe(true);
      if (first > 1) expect(told.includes(first - 1)).toBe(!all.has(first - 1));
    }
  }
}

function sequencesOf(world: SequenceWorld, stream: string): Set<number> {
  return new Set(
    world.log.flatMap(({ record }) =>
      record.audit.sequence?.stream_id === stream ? [record.audit.sequence.number] : [],
    ),
  );
}

function rangeOf({ audit }: { audit: { producer?: { first?: number; last?: number } } }): [number, number] {
  return [audit.producer?.first ?? 0, audit.producer?.last ?? 0];
}

function byFirst(a: readonly number[], b: readonly number[]): number {
  return (a[0] ?? 0) - (b[0] ?? 0) || (a[1] ?? 0) - (b[1] ?? 0);
}
