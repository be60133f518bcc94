import type { JsonObject } from '@spanledger/record';

import { gauge, type Sample, series } from './gauges.ts';
import type { TargetStatus } from './notify/index.ts';
import type { Trouble } from './trouble.ts';

/** What delivering alerts may want an operator for. */
export type DeliveryWarningCode = 'alert_dead_letters' | 'alerts_undelivered';

/** How the targets of alerts are, for `/api/status`. */
export function describeDelivery(statuses: readonly TargetStatus[]): JsonObject {
  return Object.fromEntries(
    statuses.map(
      ({
        name,
        kind,
        waiting,
        deadLetters,
        delivered,
        refused,
        failed,
        failures,
        trouble,
        failingSinceMs,
      }) => [
        name,
        {
          kind,
          waiting,
          dead_letters: deadLetters,
          delivered,
          refused,
          failed,
          failures,
          ...(trouble !== undefined && { trouble }),
          ...(failingSinceMs !== undefined && { failing_since: new Date(failingSinceMs).toISOString() }),
        },
      ],
    ),
  );
}

/** What of it an operator should see to; none of it keeps the service from its work. */
export function deliveryWarnings(
  statuses: readonly TargetStatus[],
): (Trouble & { code: DeliveryWarningCode })[] {
  return statuses.flatMap(({ name, waiting, deadLetters, trouble }) => {
    const warnings: (Trouble & { code: DeliveryWarningCode })[] = [];
    if (trouble !== undefined) {
      warnings.push({
        code: 'alerts_undelivered',
        message: `alerts do not reach ${name}: ${trouble}; ${waiting} wait`,
        hint: `It is tried again by itself. Try it by hand: spanledger alerts test ${name}`,
      });
    }
    if (deadLetters > 0) {
      warnings.push({
        code: 'alert_dead_letters',
        message: `${name} did not take ${deadLetters} alerts`,
        hint: `spanledger doctor lists them; once the target is mended: spanledger alerts retry ${name}`,
      });
    }
    return warnings;
  });
}

/** The same for a monitor. */
export function deliveryMetrics(statuses: readonly TargetStatus[]): string[] {
  if (statuses.length === 0) return [];
  const each = (value: (status: TargetStatus) => number): Sample[] =>
    statuses.map((status) => [{ target: status.name }, value(status)]);
  return [
    ...gauge(
      'spanledger_alert_delivery_up',
      'Whether the last attempt to deliver an alert to a target worked.',
      each(({ trouble }) => (trouble === undefined ? 1 : 0)),
    ),
    ...gauge(
      'spanledger_alert_delivery_waiting',
      'Alerts that wait for a target.',
      each(({ waiting }) => waiting),
    ),
    ...gauge(
      'spanledger_alert_delivery_dead_letters',
      'Alerts that a target did not take.',
      each(({ deadLetters }) => deadLetters),
    ),
    ...series(
      'counter',
      'spanledger_alert_delivered_total',
      'Alerts that a target took since the start.',
      each(({ delivered }) => delivered),
    ),
    ...series(
      'counter',
      'spanledger_alert_refused_total',
      'Alerts that went to the dead letters since the start.',
      each(({ refused }) => refused),
    ),
    ...series(
      'counter',
      'spanledger_alert_attempts_failed_total',
      'Attempts to deliver an alert that failed since the start.',
      each(({ failed }) => failed),
    ),
  ];
}
