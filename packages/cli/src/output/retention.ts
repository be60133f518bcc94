import type { RetentionForecast, RetentionStatus } from '@spanledger/audit-exporter';
import type { Paint } from './paint.ts';
import { renderTable } from './table.ts';
import { formatCount, formatMilliseconds, formatTime } from './text.ts';

const CLASSES = [
  { title: 'CLASS', maxWidth: 32 },
  { title: 'KEPT', maxWidth: 10, align: 'right' as const },
  { title: 'RECORDS', maxWidth: 70 },
];

const FORECAST = [
  { title: 'CLASS', maxWidth: 32 },
  { title: 'DUE', maxWidth: 14, align: 'right' as const },
  { title: 'HELD', maxWidth: 14, align: 'right' as const },
  { title: 'ENTRIES', maxWidth: 32 },
];

/** Classes and periods, and how purging stands. */
export function renderRetention(status: RetentionStatus, paint: Paint): string {
  const {
    classes,
    running,
    classed,
    quiet_until: quiet,
    next_due: next,
    last,
    clock_ahead_seconds: ahead,
  } = status;
  const { minimum_index: minimum } = status;
  const rows = classes.map((one) => [one.class, one.keep, describeMatch(one)]);
  const lines = [
    running ? 'A purge is under way.' : undefined,
    classed
      ? undefined
      : 'The classes of older records are being told anew: until then nothing of them is due.',
    quiet === undefined
      ? undefined
      : `The classes have changed: nothing is purged by itself before ${formatTime(quiet)}.`,
    ahead === undefined
      ? undefined
      : `The clock is ${formatMilliseconds(ahead * 1000)} ahead of what the log knows: nothing is purged by it.`,
    next === undefined ? 'No record is ever due.' : `The next record is due at ${formatTime(next)}.`,
    last === undefined
      ? undefined
      : `The last purge, at ${formatTime(last.at)}, took ${formatCount(last.purged)} records.`,
    minimum === 0
      ? undefined
      : `The log begins at entry ${formatCount(minimum)}: what was before it was pruned.`,
  ].filter((line) => line !== undefined);
  return `${renderTable(CLASSES, rows, paint)}\n${lines.join('\n')}\n`;
}

/** What would be purged. */
export function renderForecast({ classes, holds }: RetentionForecast, paint: Paint): string {
  const rows = classes.map(({ class: name, due, held, first_index: first, last_index: last }) => [
    name,
    due === 0 ? { text: '0', tone: 'faint' as const } : { text: formatCount(due), tone: 'warning' as const },
    formatCount(held),
    first === undefined || last === undefined ? '' : `${first} to ${last}`,
  ]);
  const kept = holds.map(
    ({ id, records }) => `The legal hold ${id} keeps ${formatCount(records)} records.\n`,
  );
  return `${renderTable(FORECAST, rows, paint)}${kept.join('')}`;
}

function describeMatch({ class: name, match }: RetentionStatus['classes'][number]): string {
  if (name === 'default') return 'all others';
  if (match === undefined) return 'that a rule of the audit policy names';
  return Object.entries(match)
    .map(([field, values]) => `${field}: ${values.join(', ')}`)
    .join('; ');
}
