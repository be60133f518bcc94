import { describe, expect, it } from 'vitest';

import { nextSessionState } from '../../../../packages/exporter/src/sessions/session-state.ts';
import type {
  SessionSignal,
  SessionState,
} from '../../../../packages/exporter/src/sessions/session-state.ts';

const signals = ['started', 'seen', 'refreshed', 'idle', 'expired', 'logged_out', 'revoked'] as const;

/** A row for each state, a column for each signal, in the order above. */
const table: [state: SessionState | undefined, next: SessionState[]][] = [
  [undefined, ['started', 'active', 'refreshed', 'idle', 'expired', 'logged_out', 'revoked']],
  ['started', ['started', 'active', 'refreshed', 'idle', 'expired', 'logged_out', 'revoked']],
  ['active', ['active', 'active', 'refreshed', 'idle', 'expired', 'logged_out', 'revoked']],
  ['refreshed', ['refreshed', 'refreshed', 'refreshed', 'idle', 'expired', 'logged_out', 'revoked']],
  ['idle', ['idle', 'active', 'refreshed', 'idle', 'expired', 'logged_out', 'revoked']],
  ['expired', ['expired', 'expired', 'refreshed', 'expired', 'expired', 'logged_out', 'revoked']],
  ['logged_out', Array.from({ length: 7 }, () => 'logged_out')],
  ['revoked', Array.from({ length: 7 }, () => 'revoked')],
];

const transitions = table.flatMap(([state, row]) =>
  signals.map((signal, i): [SessionState | undefined, SessionSignal, SessionState | undefined] => [
    state,
    signal,
    row[i],
  ]),
);

describe('nextSessionState', () => {
  it.each(transitions)('goes from %s by %s to %s', (state, signal, next) => {
    expect(nextSessionState(state, signal)).toBe(next);
  });
});
