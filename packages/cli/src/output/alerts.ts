import type { AlertDetail, AlertSummary, ReplayedAlert } from '@spanledger/audit-exporter';
import { plain, type RenderOptions, type Tone } from './paint.ts';
import { type Column, renderTable } from './table.ts';
import { formatCount, formatTime, printable } from './text.ts';

const COLUMNS: readonly Column[] = [
  { title: 'ALERT', maxWidth: 40 },
  { title: 'SEVERITY', maxWidth: 10 },
  { title: 'STATUS', maxWidth: 14 },
  { title: 'TIME', maxWidth: 35 },
  { title: 'RULE', maxWidth: 40 },
  { title: 'RECORDS', maxWidth: 12, align: 'right' },
  { title: 'WHO', maxWidth: 32 },
  { title: 'FROM', maxWidth: 40 },
];

const REPLAY_COLUMNS: readonly Column[] = COLUMNS.map((column) =>
  column.title === 'STATUS' ? { title: 'IN LEDGER', maxWidth: 10 } : column,
);

const TONES: Readonly<Record<AlertSummary['severity'], Tone>> = {
  low: 'faint',
  medium: 'warning',
  high: 'bad',
  critical: 'bad',
};

/** A table of alerts, one line each. */
export function renderAlerts(alerts: readonly AlertSummary[], options: RenderOptions = {}): string {
  const rows = alerts.map((alert) => [
    alert.id,
    { text: alert.severity, tone: TONES[alert.severity] },
    { text: alert.status, tone: alert.status === 'open' ? ('warning' as const) : ('good' as const) },
    formatTime(alert.time),
    alert.rule,
    String(alert.count),
    alert.user_id ?? '',
    alert.client_address ?? '',
  ]);
  return renderTable(COLUMNS, rows, options.paint ?? plain);
}

/** A table of what a replay raised, one line each. */
export function renderReplay(alerts: readonly ReplayedAlert[], options: RenderOptions = {}): string {
  const rows = alerts.map((alert) => [
    alert.id,
    { text: alert.severity, tone: TONES[alert.severity] },
    alert.recorded ? 'yes' : { text: 'no', tone: 'warning' as const },
    formatTime(alert.time),
    alert.rule,
    String(alert.count),
    alert.user_id ?? '',
    alert.client_address ?? '',
  ]);
  return renderTable(REPLAY_COLUMNS, rows, options.paint ?? plain);
}

/** One alert: what it says, what was done with it, and the records that it rests on. */
export function renderAlert(alert: AlertDetail, options: RenderOptions = {}): string {
  const paint = options.paint ?? plain;
  const facts: [string, string | undefined][] = [
    ['severity', paint(TONES[alert.severity], alert.severity)],
    ['status', alert.status],
    ['rule', alert.rule],
    ['technique', alert.technique],
    ['who', alert.user_id],
    ['from', alert.client_address],
    ['session', alert.session],
    ['service', alert.service],
    ['first', formatTime(alert.first)],
    ['last', formatTime(alert.last)],
    ['note', alert.note],
  ];
  const lines = facts.flatMap(([label, text]) =>
    text === undefined ? [] : [`  ${label.padEnd(10)} ${label === 'severity' ? text : printable(text)}`],
  );
  const description = member(alert.record, ['rule', 'description']);
  const shown = alert.evidence.map(
    (record) =>
      `  ${formatTime(member(record, ['@timestamp']))}  ${printable(member(record, ['event', 'action']))}  ` +
      `${printable(member(record, ['event', 'outcome']))}  ${printable(member(record, ['audit', 'record', 'id']))}`,
  );
  return [
    `${paint('strong', printable(alert.message ?? alert.name))}  ${printable(alert.id)}`,
    ...lines,
    ...(description === '' ? [] : ['', `  ${printable(description)}`]),
    '',
    `It rests on ${formatCount(alert.count)} records${alert.count > shown.length ? `, of which ${formatCount(shown.length)} are` : ''}:`,
    ...shown,
    '',
  ].join('\n');
}

function member(document: unknown, path: readonly string[]): string {
  const value = path.reduce<unknown>(
    (at, name) =>
      typeof at === 'object' && at !== null ? Object.getOwnPropertyDescriptor(at, name)?.value : undefined,
    document,
  );
  return typeof value === 'string' ? value : '';
}
