import { describe, expect, it } from 'vitest';

import { LogClock } from '../../../../packages/exporter/src/sessions/session-clock.ts';
import { deadlineOf } from '../../../../packages/exporter/src/sessions/session-limits.ts';
import type { Deadline, SessionLimits } from '../../../../packages/exporter/src/sessions/session-limits.ts';
import type { SessionRow } from '../../../../packages/exporter/src/sessions/session-row.ts';

const MINUTE = 60_000;
const NINE = Date.UTC(2026, 10, 2, 9);
const at = (minute: number): string => new Date(NINE + minute * MINUTE).toISOString().replace('Z', '000000Z');

function row(more: Partial<SessionRow> = {}): SessionRow {
  return {
    reference: 'ref',
    actor: 'actor',
    issuer: 'https://id.example',
    state: 'active',
    firstIndex: 0,
    lastIndex: 1,
    identityIndex: 0,
    identity: 1,
    started: at(0),
    lastSeen: at(10),
    lastActive: { time: at(10), record: 'r', index: 1 },
    records: 2,
    failures: 0,
    clients: ['web'],
    services: [],
    steps: [],
    ...more,
  };
}

function due(session: SessionRow, limits: Partial<SessionLimits> = {}): [number, string, string] | undefined {
  const found: Deadline | undefined = deadlineOf(session, {
    limits: { idleMs: 30 * MINUTE, inactivityMs: undefined, absoluteMs: undefined, ...limits },
    overrides: [],
    clockSkewMs: 6_000,
  });
  return found && [(found.atMs - NINE) / MINUTE, found.step, found.reason];
}

describe('deadlineOf', () => {
  it.each([
    ['is idle after its last use', row(), {}, [40, 'idle', 'inactivity']],
    ['is idle once', row({ state: 'idle' }), {}, undefined],
    ['has expired without use', row(), { inactivityMs: 20 * MINUTE }, [30, 'expired', 'inactivity']],
    ['is idle first', row(), { inactivityMs: 60 * MINUTE }, [40, 'idle', 'inactivity']],
    [
      'has then expired',
      row({ state: 'idle' }),
      { inactivityMs: 60 * MINUTE },
      [70, 'expired', 'inactivity'],
    ],
    ['has become too old', row(), { absoluteMs: 35 * MINUTE }, [35, 'expired', 'absolute']],
    [
      'is as old as its last authentication',
      row({ steps: [{ step: 'authenticated', time: at(9), record: 'r', index: 1 }] }),
      { absoluteMs: 20 * MINUTE },
      [29, 'expired', 'absolute'],
    ],
    [
      'has expired with its tokens, once idle',
      row({ tokenEnd: at(15) }),
      {},
      [40, 'expired', 'token_expiry'],
    ],
    ['is idle while a token lives', row({ tokenEnd: at(60) }), {}, [40, 'idle', 'inactivity']],
    ['expires with that', row({ tokenEnd: at(60), state: 'idle' }), {}, [60.1, 'expired', 'token_expiry']],
    ['has ended already', row({ state: 'logged_out', tokenEnd: at(1) }), { absoluteMs: 1 }, undefined],
  ])('%s', (_, session, limits, expected) => {
    expect(due(session, limits)).toEqual(expected);
  });

  it('is none of a session that nobody was seen to use', () => {
    const { lastActive: _unused, ...unused } = row();
    expect(due(unused)).toBeUndefined();
  });
});

describe('LogClock', () => {
  it('goes on from the latest record, and never beyond the time of day', () => {
    const clock = new LogClock(undefined, NINE);
    expect(clock.at(NINE)).toBeUndefined();
    clock.reach(at(-60), NINE);
    expect(clock.at(NINE + MINUTE)).toBe(NINE - 59 * MINUTE);
    clock.reach(at(-30), NINE + MINUTE);
    expect(clock.at(NINE + 2 * MINUTE)).toBe(NINE - 29 * MINUTE);
    // Late, and from a clock that is ahead.
    clock.reach(at(-50), NINE + 2 * MINUTE);
    expect(clock.at(NINE + 2 * MINUTE)).toBe(NINE - 29 * MINUTE);
    clock.reach(at(600), NINE + 2 * MINUTE);
    expect(clock.at(NINE + 2 * MINUTE)).toBe(NINE + 2 * MINUTE);
    expect(clock.at(NINE + 9 * MINUTE)).toBe(NINE + 9 * MINUTE);
  });

  it('begins with what was taken in before', () => {
    expect(new LogClock(at(-60), NINE).at(NINE + MINUTE)).toBe(NINE - 59 * MINUTE);
  });
});
