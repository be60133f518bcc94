import type { Ledger } from '@spanledger/ledger';
import type { AnchorStatus } from './anchor/index.ts';
import type { Reconciler } from './reconcile/index.ts';
import type { Doors } from './doors/index.ts';
import { gauge, series } from './gauges.ts';
import type { Sample } from './gauges.ts';

/** The text format of Prometheus, which OpenTelemetry Collectors read too. */
export const METRICS_CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/** What the followers of the log have for a monitor. */
export interface FollowerMetrics {
  /** How many published records each has not taken in. */
  lags: Readonly<Record<string, number>>;
  /** Lines of their own. */
  more: readonly string[];
}

/** How far a ledger is, and how it stands with its witnesses and anchors, for a monitor. */
export function describeMetrics(
  ledger: Pick<Ledger, 'sizes' | 'trouble' | 'witnessing'>,
  anchors: readonly (readonly [name: string, status: AnchorStatus])[] = [],
  reconciliation?: ReturnType<Reconciler['status']>,
  doors?: Pick<Doors, 'refused' | 'certificateUntilMs'>,
  followers: FollowerMetrics = { lags: {}, more: [] },
): string {
  const moments = Object.entries(ledger.sizes()).map(([moment, size]): Sample => [{ moment }, size]);
  const lines = [
    ...gauge('spanledger_ledger_entries', 'Entries of the ledger that have reached a moment.', moments),
    ...gauge('spanledger_ready', 'Whether nothing keeps the service from its work.', [
      [{}, ledger.trouble() === undefined ? 1 : 0],
    ]),
  ];
  const lags = Object.entries(followers.lags).map(([follower, lag]): Sample => [{ follower }, lag]);
  if (lags.length > 0) {
    lines.push(
      ...gauge('spanledger_follower_lag', 'Published records that a follower has not taken in.', lags),
    );
  }
  const witnessing = ledger.witnessing();
  if (witnessing !== undefined) {
    const { signed, quorum, isEnough, witnesses } = witnessing;
    const each = (value: (witness: (typeof witnesses)[number]) => number): Sample[] =>
      witnesses.map((witness) => [{ witness: witness.name }, value(witness)]);
    lines.push(
      ...gauge('spanledger_checkpoint_cosignatures', 'Witnesses that signed the checkpoint.', [[{}, signed]]),
      ...gauge('spanledger_checkpoint_cosignatures_demanded', 'How many are demanded.', [[{}, quorum]]),
      ...gauge('spanledger_checkpoint_quorum', 'Whether enough witnesses signed the checkpoint.', [
        [{}, isEnough ? 1 : 0],
      ]),
      ...gauge(
        'spanledger_witness_up',
        'Whether a witness answered as it should when it was asked last.',
        each(({ isGood }) => (isGood ? 1 : 0)),
      ),
      ...gauge(
        'spanledger_witness_entries',
        'The size that a witness signed last, in entries.',
        each(({ size }) => size),
      ),
    );
  }
  lines.push(...describeAnchors(anchors), ...describeReconciliation(reconciliation), ...followers.more);
  if (doors !== undefined) lines.push(...describeDoors(doors));
  return `${lines.join('\n')}\n`;
}

function describeReconciliation(status: ReturnType<Reconciler['status']> | undefined): string[] {
  if (status === undefined) return [];
  const { throughMs, lagMs, differences, failure } = status;
  return [
    ...gauge(
      'spanledger_reconciliation_timestamp_seconds',
      'Up to when the events of the provider have been compared with the ledger.',
      [[{}, throughMs / 1000]],
    ),
    ...gauge('spanledger_reconciliation_lag_seconds', 'How much of what can be compared has not been yet.', [
      [{}, lagMs / 1000],
    ]),
    ...gauge('spanledger_reconciliation_up', 'Whether the last attempt to compare worked.', [
      [{}, failure === undefined ? 1 : 0],
    ]),
    ...gauge(
      'spanledger_reconciliation_differences',
      'Differences between provider and ledger that were recorded since the start.',
      [[{}, differences]],
    ),
  ];
}

function describeAnchors(anchors: readonly (readonly [name: string, status: AnchorStatus])[]): string[] {
  if (anchors.length === 0) return [];
  const each = (value: (status: AnchorStatus) => number | undefined): Sample[] =>
    anchors.flatMap(([anchor, status]): Sample[] => {
      const number = value(status);
      return number === undefined ? [] : [[{ anchor }, number]];
    });
  return [
    ...gauge(
      'spanledger_anchor_entries',
      'The size of the checkpoint that an anchor got last, in entries.',
      each(({ size }) => size),
    ),
    ...gauge(
      'spanledger_anchor_timestamp_seconds',
      'When an anchor got a checkpoint last.',
      each(({ atMs }) => (atMs === undefined ? undefined : atMs / 1000)),
    ),
    ...gauge(
      'spanledger_anchor_behind',
      'Whether the last attempt to anchor failed, or the next one is overdue.',
      each(({ isBehind }) => (isBehind ? 1 : 0)),
    ),
    ...gauge(
      'spanledger_anchor_failures',
      'Attempts to anchor that failed since the last good one.',
      each(({ failures }) => failures),
    ),
  ];
}

function describeDoors({
  refused,
  certificateUntilMs,
}: Pick<Doors, 'refused' | 'certificateUntilMs'>): string[] {
  return [
    ...series(
      'counter',
      'spanledger_refused_total',
      'Requests and connections that were refused since the start, by reason.',
      [...refused].map(([reason, count]): Sample => [{ reason }, count]),
    ),
    ...(certificateUntilMs === undefined
      ? []
      : gauge('spanledger_certificate_expiry_timestamp_seconds', 'When the TLS certificate ends.', [
          [{}, certificateUntilMs / 1000],
        ])),
  ];
}
