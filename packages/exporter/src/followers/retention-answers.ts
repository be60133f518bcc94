import { setImmediate as giveWay } from 'node:timers/promises';

import type { Purger } from '../retention/index.ts';
import type { RetentionAnswer, RetentionQuestion, RetentionState } from './retention-messages.ts';

/**
 * Answers the service about retention.
 *
 * @param purger - undefined where everything is kept for ever
 * @param settle - sees to it that what was purged is in no file any more
 * @param prune - drops what is known of nothing but entries that are not in the log any more
 */
export async function answerRetention(
  { ask, nowMs, holds }: RetentionQuestion,
  purger: Purger | undefined,
  settle: () => Promise<void>,
  prune: () => Promise<void>,
): Promise<RetentionAnswer> {
  if (purger === undefined) throw new Error('no retention is configured');
  switch (ask) {
    case 'plan': {
      const plan = await purger.plan(nowMs, holds, () => giveWay());
      return { state: stateOf(purger), plan };
    }
    case 'step': {
      const purged = await purger.step(nowMs, holds);
      return { state: stateOf(purger), purged };
    }
    case 'close':
      if ((await purger.close(nowMs)) > 0) await settle();
      return { state: stateOf(purger) };
    case 'prune':
      await prune();
      return { state: stateOf(purger) };
    case 'state':
      return { state: stateOf(purger) };
  }
}

function stateOf({ keeper }: Purger): RetentionState {
  const nextDueMs = keeper.table.nextDueMs();
  return {
    ...(nextDueMs !== undefined && { nextDueMs }),
    quietUntilMs: keeper.quietUntilMs,
    isClassed: keeper.isClassed,
    firstKept: keeper.table.firstKept(keeper.position()),
    underWay: keeper.table.underWay().length,
  };
}
