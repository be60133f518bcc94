import type { RecordCount, RecordHistogram } from '@spanledger/audit-exporter';
import { plain, type RenderOptions } from './paint.ts';
import { renderTable, type Column } from './table.ts';
import { formatCount } from './text.ts';

/** How many characters the longest bar has. */
const BAR_WIDTH = 50;
const FULL = '█';
/** Eighths of a character, from none to seven. */
const PARTS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];

const COLUMNS: readonly Column[] = [
  { title: 'FROM', maxWidth: 20 },
  { title: 'RECORDS', maxWidth: 16, align: 'right' },
  { title: '', maxWidth: BAR_WIDTH },
];

/** How many characters of RFC 3339 tell a stretch of time from the next. */
const START_LENGTHS: Readonly<Record<RecordHistogram['interval'], number>> = {
  minute: 'yyyy-mm-ddThh:mm'.length,
  hour: 'yyyy-mm-ddThh:mm'.length,
  day: 'yyyy-mm-dd'.length,
  week: 'yyyy-mm-dd'.length,
  month: 'yyyy-mm'.length,
  year: 'yyyy'.length,
};

/** A count as a sentence says it: `4,711`, or `between 4,711 and 9,000`. */
export function describeCount({ count, at_most: atMost }: RecordCount): string {
  if (atMost === undefined) return formatCount(count);
  return `between ${formatCount(count)} and ${formatCount(atMost)}`;
}

/** One line for each stretch of time that holds any record: when it begins, in UTC, how many, and a bar. */
export function renderHistogram(histogram: RecordHistogram, options: RenderOptions = {}): string {
  const { buckets, interval } = histogram;
  const most = Math.max(1, ...buckets.map(({ count }) => count));
  const rows = buckets.map(({ start, count }) => [
    start.slice(0, START_LENGTHS[interval]).replace('T', ' '),
    formatCount(count),
    bar(count / most),
  ]);
  return renderTable(COLUMNS, rows, options.paint ?? plain);
}

function bar(share: number): string {
  const eighths = Math.max(1, Math.round(share * BAR_WIDTH * PARTS.length));
  return FULL.repeat(Math.floor(eighths / PARTS.length)) + (PARTS[eighths % PARTS.length] ?? '');
}
