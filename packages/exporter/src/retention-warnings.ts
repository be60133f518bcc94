import type { FollowerThreads } from './followers/index.ts';
import type { Trouble } from './trouble.ts';

/** Nobody is told of what is due until it is so late. */
const OVERDUE_MS = 7_200_000;

const MS_PER_HOUR = 3_600_000;

/** What purging may want an operator for. */
export type RetentionWarningCode = 'clock_ahead' | 'retention_behind' | 'retention_changed';

type RetentionWarning = Trouble & { code: RetentionWarningCode };

/** How purging stands. */
export interface RetentionStanding {
  /** As the followers said last; undefined where they have not yet. */
  state: Awaited<ReturnType<FollowerThreads['retention']>>['state'] | undefined;
  /** Why the last purge did not come to its end. */
  trouble: { message: string; hint?: string | undefined } | undefined;
  isRunning: boolean;
}

/** What an operator should see to; none of it keeps the service from its work. */
export function retentionWarnings(standing: RetentionStanding, nowMs: number): RetentionWarning[] {
  const { state, trouble, isRunning } = standing;
  if (trouble !== undefined) {
    const { message, hint } = trouble;
    const what = `records whose period is over could not be purged: ${message}`;
    return [{ code: 'retention_behind', message: what, hint: hint ?? 'It is tried again by itself.' }];
  }
  const { clockLeadMs, nextDueMs, quietUntilMs = 0 } = state ?? {};
  if (clockLeadMs !== undefined) return [clockWarning(clockLeadMs)];
  if (nextDueMs === undefined || nextDueMs >= nowMs) return [];
  if (quietUntilMs > nowMs) {
    const until = new Date(quietUntilMs).toISOString();
    return [
      {
        code: 'retention_changed',
        message: `the periods of retention have changed, and records are due; nothing is purged by itself before ${until}`,
        hint: 'See what it would be with: spanledger retention plan; purge it at once with: spanledger retention run',
      },
    ];
  }
  if (nextDueMs >= nowMs - OVERDUE_MS || isRunning) return [];
  return [
    {
      code: 'retention_behind',
      message: `records that were due at ${new Date(nextDueMs).toISOString()} are there still`,
      hint: 'spanledger retention show says how it stands; spanledger retention run purges at once.',
    },
  ];
}

/** Says that nothing is purged by a clock that is not believed. */
export function clockWarning(leadMs: number): RetentionWarning & { hint: string } {
  const hours = Math.round(leadMs / MS_PER_HOUR);
  return {
    code: 'clock_ahead',
    message: `the clock of this machine is ${hours} hours ahead of what the log knows: nothing is purged by it`,
    hint: 'Set it right. If it is right, and the service was not running for so long, purging goes on by itself once it has run for a day.',
  };
}
