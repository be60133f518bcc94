import fc from 'fast-check';
import { expect, it } from 'vitest';

import { replayRules } from '../../../../packages/exporter/src/alerts/replay.ts';
import { timeOf } from '../../../../packages/exporter/src/alerts/record-clock.ts';
import type { FollowedRecord } from '../../../../packages/exporter/src/followed-records.ts';
import { BEGINNING_MS, followedRecord } from '../../../support/exporter/alert-records.ts';
import { rule } from './support.ts';

const MINUTE = 60_000;

const RULES = [
  'suppress: 20m\nalert_if: { count: 1 }',
  'window: 5m\nsuppress: 15m\nalert_if: { count: 3 }',
  'window: 10m\nalert_if: { changes: { field: client.address, at_least: 2 } }',
  'window: 5m\nalert_if: { absence: y }',
  'alert_if: { first: { learning: 10m } }',
  'alert_if: { return: { after: 30m } }',
  'alert_if: { rate: { per: 1m, deviations: 3, at_least: 2, samples: 5 } }',
].flatMap((more, i) =>
  rule(`when: x\n${more}`, '{ x: { event.action: x }, y: { event.action: y } }').map((one) => ({
    ...one,
    id: `rule-${i}`,
  })),
);

/** Records, most of them in the order of time: gap to the one before, how late it comes, whose, from where, which. */
const logs: fc.Arbitrary<FollowedRecord[]> = fc
  .array(
    fc.tuple(
      fc.oneof({ weight: 9, arbitrary: fc.nat(90) }, { weight: 1, arbitrary: fc.nat(3600) }),
      fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(8) }),
      fc.constantFrom('ada', 'bob'),
      fc.constantFrom('10.0.0.1', '10.9.0.1'),
      fc.constantFrom('x', 'x', 'x', 'y'),
    ),
    { minLength: 60, maxLength: 150 },
  )
  .map((made) => {
    let second = 0;
    return made.map(([gap, late, actor, address, action], index) => {
      second += gap;
      return followedRecord(index, BEGINNING_MS + (second - late) * 1000, {
        'audit.actor.id': actor,
        'client.address': address,
        'event.action': action,
      });
    });
  });

async function replay(
  log: readonly FollowedRecord[],
  range: { sinceMs?: number; untilMs?: number },
  rules: typeof RULES = RULES,
): Promise<{ ids: string[]; firstRead: number; lastRead: number }> {
  const times = log.map((each) => timeOf(each.record['@timestamp']));
  let firstRead = log.length;
  let lastRead = 0;
  const ids: string[] = [];
  for await (const { id } of replayRules({
    rules,
    key: Buffer.alloc(32, 1),
    size: log.length,
    read: (first, end) => {
      firstRead = Math.min(firstRead, first);
      lastRead = Math.max(lastRead, end);
      return Promise.resolve(log.slice(first, end));
    },
    firstAt: (timeMs) => {
      const first = times.findIndex((time) => time >= timeMs);
      return Promise.resolve(first < 0 ? log.length : first);
    },
    endAt: (timeMs) => Promise.resolve(times.findLastIndex((time) => time < timeMs) + 1),
    nowMs: Math.max(...times) + 60 * MINUTE,
    ...range,
  })) {
    ids.push(id);
  }
  return { ids, firstRead, lastRead };
}

it('gives of a range exactly the alerts that following the log gives of it', async () => {
  await fc.assert(
    fc.asyncProperty(logs, fc.integer({ min: 600, max: 6000 }), fc.nat(1800), async (log, from, length) => {
      const startMs = timeOf(log[0]?.record['@timestamp'] ?? '');
      const range = { sinceMs: startMs + from * 1000, untilMs: startMs + (from + length) * 1000 };
      const all = await replay(log, {});
      const [early, within, late] = [
        await replay(log, { untilMs: range.sinceMs }),
        await replay(log, range),
        await replay(log, { sinceMs: range.untilMs }),
      ];
      expect([...early.ids, ...within.ids, ...late.ids].toSorted()).toEqual(all.ids.toSorted());
    }),
  );
});

it('reads no more of what came before than the rules take into account', async () => {
  const log = Array.from({ length: 700 }, (_, i) =>
    followedRecord(i, BEGINNING_MS + i * 7 * MINUTE, { 'audit.actor.id': 'ada', 'event.action': 'x' }),
  );
  // 40 minutes and some seconds after a record.
  const sinceMs = BEGINNING_MS + 561 * 7 * MINUTE + 40 * MINUTE + 16_000;
  const range = { sinceMs, untilMs: sinceMs + 98 * MINUTE };
  const [atOnce, ...others] = RULES;
  const brief = others.filter(({ detection: { type } }) => type === 'count' || type === 'changes');
  expect(await replay(log, range, brief)).toMatchObject({ firstRead: 561 + 6 - 20, lastRead: 561 + 20 });
  expect(await replay(log, range, others)).toMatchObject({ firstRead: 0, lastRead: 561 + 20 });
  // It fires all the time: which of its records raise an alert, only the first of them tells.
  const always = atOnce === undefined ? [] : [atOnce];
  const all = await replay(log, {}, always);
  const { ids, firstRead } = await replay(log, range, always);
  expect(firstRead).toBe(0);
  expect(ids).toEqual(all.ids.filter((_, i) => i * 3 > 561 + 5 && i * 3 < 561 + 20));
});
