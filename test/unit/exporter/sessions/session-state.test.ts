import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import type { SessionFacts } from '../../../../packages/exporter/src/sessions/session-facts.ts';
import { foldSession, newSession } from '../../../../packages/exporter/src/sessions/session-row.ts';
import type { SessionRow } from '../../../../packages/exporter/src/sessions/session-row.ts';
import { standingOf } from '../../../../packages/exporter/src/sessions/session-state.ts';
import type { SessionStep } from '../../../../packages/exporter/src/sessions/session-step.ts';

const at = (minute: number): string => `2026-11-02T09:${String(minute).padStart(2, '0')}:00.000000000Z`;

type Sketch = [step: SessionStep['step'], minute: number, more?: Partial<SessionStep>];

function steps(...sketches: Sketch[]): SessionStep[] {
  return sketches.map(([step, minute, more], index) => ({
    step,
    time: at(minute),
    record: `r${index}`,
    index,
    ...more,
  }));
}

const SIGNALS = ['started', 'seen', 'refreshed', 'idle', 'expired', 'logged_out', 'revoked'] as const;

/** A row for each state, a column for each signal a minute later, in the order above. */
const TABLE: [before: Sketch[], next: string[]][] = [
  [[], ['started', 'active', 'refreshed', 'idle', 'expired', 'logged_out', 'revoked']],
  [[['started', 1]], ['active', 'active', 'refreshed', 'idle', 'expired', 'logged_out', 'revoked']],
  [[['refreshed', 1]], ['refreshed', 'refreshed', 'refreshed', 'idle', 'expired', 'logged_out', 'revoked']],
  [[['idle', 1]], ['active', 'active', 'refreshed', 'idle', 'expired', 'logged_out', 'revoked']],
  [[['expired', 1]], ['started', 'expired', 'refreshed', 'expired', 'expired', 'logged_out', 'revoked']],
  [
    [['expired', 1, { reason: 'absolute' }]],
    ['started', 'expired', 'expired', 'expired', 'expired', 'logged_out', 'revoked'],
  ],
  [
    [['expired', 1, { reason: 'token_expiry' }]],
    ['started', 'active', 'refreshed', 'expired', 'expired', 'logged_out', 'revoked'],
  ],
  [
    [['logged_out', 1]],
    ['started', 'logged_out', 'logged_out', 'logged_out', 'logged_out', 'logged_out', 'logged_out'],
  ],
  [[['revoked', 1]], Array.from({ length: 7 }, () => 'revoked')],
];

const transitions = TABLE.flatMap(([before, row]) =>
  SIGNALS.map((signal, i): [string, (typeof SIGNALS)[number], Sketch[], string | undefined] => [
    before.map(([step, , more]) => more?.reason ?? step).join() || 'nothing',
    signal,
    before,
    row[i],
  ]),
);

describe('standingOf', () => {
  it.each(transitions)('goes from %s by %s', (_, signal, before, next) => {
    const standing =
      signal === 'seen'
        ? standingOf(steps(...before), at(2))
        : standingOf(steps(...before, [signal, 2]), at(signal === 'started' ? 2 : 0));
    expect(standing.state).toBe(next);
  });

  it('ends when the first end was, and not when it was told again', () => {
    const standing = standingOf(
      steps(['started', 1], ['logged_out', 5], ['revoked', 6], ['logged_out', 7]),
      at(4),
    );
    expect(standing).toEqual({ state: 'logged_out', ended: at(5), endIndex: 1 });
  });

  it('begins anew by a login after a logout, and never after a revocation', () => {
    expect(standingOf(steps(['logged_out', 5], ['started', 6]), at(7)).state).toBe('active');
    expect(standingOf(steps(['started', 4], ['logged_out', 5]), at(7)).state).toBe('logged_out');
    expect(standingOf(steps(['revoked', 5], ['started', 6]), at(7)).state).toBe('revoked');
  });

  it('believes what was told before what a record claims', () => {
    const claim: Sketch = ['logged_out', 2, { claimed: true }];
    expect(standingOf(steps(claim), at(1))).toMatchObject({ state: 'logged_out', ended: at(2) });
    expect(standingOf(steps(claim, ['revoked', 3]), at(1))).toMatchObject({ state: 'revoked', ended: at(3) });
  });

  it('leaves out what turned out not to have been', () => {
    expect(standingOf(steps(['started', 1], ['expired', 40, { void: true }]), at(20)).state).toBe('active');
  });
});

const services: Omit<SessionFacts, 'signal' | 'time'> = {
  reference: 'ref',
  actor: 'actor',
  failed: false,
  active: true,
  use: true,
  claimed: false,
  identity: 1,
};

/** What services tell of a session, each at a moment of its own. */
const history = fc
  .uniqueArray(fc.tuple(fc.integer({ min: 0, max: 59 }), fc.constantFrom(...SIGNALS)), {
    minLength: 1,
    maxLength: 12,
    selector: ([minute]) => minute,
  })
  .map((told) =>
    told.map(([minute, signal]): SessionFacts => ({
      ...services,
      time: at(minute),
      signal,
      active: signal === 'seen' || signal === 'started' || signal === 'refreshed',
    })),
  );

function fold(records: readonly SessionFacts[]): SessionRow {
  const [first] = records;
  if (first === undefined) throw new Error('no records');
  const row = newSession(first, 0);
  for (const [index, facts] of records.entries()) {
    foldSession(row, facts, { time: facts.time, record: facts.time, index }, undefined);
  }
  return row;
}

describe('foldSession', () => {
  it('gives one answer in whatever order the records arrive', () => {
    fc.assert(
      fc.property(
        history.chain((records) =>
          fc.tuple(fc.constant(records), fc.shuffledSubarray(records, { minLength: records.length })),
        ),
        ([records, shuffled]) => {
          const inTime = fold(records.toSorted((a, b) => (a.time < b.time ? -1 : 1)));
          const late = fold(shuffled);
          const facts = ({ state, ended, started, lastSeen, lastActive, lastUse }: SessionRow): unknown => ({
            state,
            ended,
            started,
            lastSeen,
            active: lastActive?.time,
            use: lastUse?.time,
          });
          expect(facts(late)).toEqual(facts(inTime));
        },
      ),
      { numRuns: 2000 },
    );
  });
});
