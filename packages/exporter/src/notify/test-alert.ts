import { randomUUID } from 'node:crypto';
import type { JsonObject } from '@spanledger/record';
import { timestampOf } from '../timestamp.ts';
import { type Alert, readAlert } from './alert.ts';
import { attempt } from './attempt.ts';
import type { Outcome } from './outcome.ts';
import type { TargetConfig } from './target-config.ts';
import { openTarget } from './targets.ts';

/** How a test ended. */
export interface TargetTrial {
  name: string;
  kind: TargetConfig['kind'];
  outcome: Outcome['kind'];
  /** Why it was not delivered. */
  reason?: string;
  /** How long it took, in milliseconds. */
  tookMs: number;
}

/**
 * Sends a test alert to a target, once. It is about nobody, says that it is a test, and is no record of any ledger; its
 * severity is low, and no filter holds it back.
 *
 * @param now milliseconds since the epoch
 * @param signal gives up
 */
export async function tryTarget(
  config: TargetConfig,
  now: () => number,
  signal: AbortSignal,
): Promise<TargetTrial> {
  const begun = now();
  const outcome = await attempt(openTarget(config), testAlert(begun), config.timeoutMs, signal);
  const { name, kind } = config;
  return {
    name,
    kind,
    outcome: outcome.kind,
    ...(outcome.kind !== 'delivered' && { reason: outcome.reason }),
    tookMs: now() - begun,
  };
}

function testAlert(nowMs: number): Alert {
  const timestamp = timestampOf(nowMs);
  const id = `test-${randomUUID()}`;
  const document: JsonObject = {
    '@timestamp': timestamp,
    audit: {
      alert: { count: 1, first: timestamp, id, last: timestamp, severity: 'low', status: 'open' },
      record: { id },
    },
    event: { action: 'alert.raised', kind: 'alert', severity: 21 },
    message: 'A test of the delivery of alerts.',
    rule: {
      description: 'Somebody ran: spanledger alerts test',
      id: 'test',
      name: 'Test of delivery: nothing happened',
    },
  };
  const alert = readAlert(document);
  if (alert === undefined) throw new TypeError('the test alert is none');
  return alert;
}
