import { setImmediate as giveWay } from 'node:timers/promises';

import type { Purger } from '../retention/index.ts';
import type { RetentionAnswer, RetentionQuestion, RetentionState } from './retention-messages.ts';

/** What is done about what was purged, elsewhere. */
export interface RetentionWork {
  /** It is in no file of the vault any more afterwards. */
  settleVault: () => Promise<void>;
  /** Nor of the index: that one is written anew. */
  settleIndex: () => Promise<void>;
  /** Drops what is known of nothing but entries that are not in the log any more. */
  prune: () => Promise<void>;
}

/**
 * Answers the service about retention.
 *
 * @param purger - undefined where everything is kept for ever
 */
export async function answerRetention(
  { ask, nowMs, holds }: RetentionQuestion,
  purger: Purger | undefined,
  work: RetentionWork,
): Promise<RetentionAnswer> {
  if (purger === undefined) throw new Error('no retention is configured');
  switch (ask) {
    case 'plan': {
      const plan = await purger.plan(nowMs, holds, () => giveWay());
      return { state: stateOf(purger, nowMs), plan };
    }
    case 'step': {
      const purged = await purger.step(nowMs, holds);
      return { state: stateOf(purger, nowMs), purged };
    }
    case 'close':
    case 'close_at_once':
      await purger.close(nowMs);
      await work.settleVault();
      if (purger.keeper.isSettlingDue(nowMs, ask === 'close_at_once')) {
        await work.settleIndex();
        purger.keeper.settled(nowMs);
      }
      return { state: stateOf(purger, nowMs) };
    case 'prune':
      await work.prune();
      return { state: stateOf(purger, nowMs) };
    case 'state':
      return { state: stateOf(purger, nowMs) };
  }
}

function stateOf({ keeper }: Purger, nowMs: number): RetentionState {
  const nextDueMs = keeper.table.nextDueMs();
  const clockLeadMs = keeper.clockLeadMs(nowMs);
  return {
    ...(nextDueMs !== undefined && { nextDueMs }),
    quietUntilMs: keeper.quietUntilMs,
    ...(clockLeadMs > 0 && { clockLeadMs }),
    isClassed: keeper.isClassed,
    firstKept: keeper.table.firstKept(keeper.position()),
    underWay: keeper.table.underWay().length,
  };
}
