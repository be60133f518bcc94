import { COMMITMENT_GROUPS } from '@spanledger/record';
import type { DataMap } from '../data-map.ts';
import { renderHtmlTable, renderPage, escapeHtml } from './html.ts';
import type { Paint } from './paint.ts';
import { renderTable } from './table.ts';
import { formatCount, formatTime } from './text.ts';

/** Where personal data lies, in which form, and until when. */
export interface StoragePlace {
  place: string;
  form: string;
  until: string;
}

/** Everything that a privacy report says. */
export interface PrivacyReport extends DataMap {
  /** When it was made, RFC 3339. */
  made: string;
  /** The log's origin. */
  origin: string;
  places: StoragePlace[];
}

const READING_NOTE =
  'Each reading opens all groups of the records that it shows. Read without a token, and by --data, leaves no record.';

/** As text, for a terminal. */
export function renderPrivacyReport(report: PrivacyReport, paint: Paint): string {
  const { fields, places, readers, redacted } = report;
  const sections = [
    `${describeWhole(report)}\n`,
    renderTable(
      [
        { title: 'FIELD', maxWidth: 40 },
        { title: 'GROUP', maxWidth: 8 },
        { title: 'RECORDS', maxWidth: 14, align: 'right' },
        { title: 'SERVICES', maxWidth: 30 },
        { title: 'POLICY RULES', maxWidth: 24 },
        { title: 'RETENTION', maxWidth: 20 },
      ],
      fields.map((use) => [
        use.field,
        use.group,
        formatCount(use.records),
        use.services.join(', '),
        use.rules.join(', '),
        use.retention.join(', '),
      ]),
      paint,
    ),
    renderTable(
      [
        { title: 'WHERE', maxWidth: 34 },
        { title: 'HOW', maxWidth: 60 },
        { title: 'UNTIL', maxWidth: 50 },
      ],
      places.map(({ place, form, until }) => [place, form, until]),
      paint,
    ),
  ];
  if (redacted.length > 0) {
    sections.push(
      renderTable(
        [
          { title: 'REDACTED FIELD', maxWidth: 40 },
          { title: 'RECORDS', maxWidth: 14, align: 'right' },
        ],
        redacted.map(({ field, records }) => [field, formatCount(records)]),
        paint,
      ),
    );
  }
  sections.push(
    readers.length === 0
      ? `Nobody who had to say who they are has read it. ${READING_NOTE}\n`
      : renderTable(
          [
            { title: 'READER', maxWidth: 24 },
            { title: 'ROLE', maxWidth: 16 },
            { title: 'REQUESTS', maxWidth: 12, align: 'right' },
            { title: 'RECORDS SHOWN', maxWidth: 14, align: 'right' },
            { title: 'LAST', maxWidth: 35 },
          ],
          readers.map((use) => [
            use.reader,
            use.role,
            formatCount(use.requests),
            formatCount(use.records),
            formatTime(use.last),
          ]),
          paint,
        ) + `${READING_NOTE}\n`,
  );
  return sections.join('\n');
}

/** As a page for whoever answers for the protection of data. */
export function renderPrivacyPage(report: PrivacyReport): string {
  const { fields, places, readers, redacted, made, origin } = report;
  const body = [
    `<p>Made ${escapeHtml(formatTime(made))}. ${escapeHtml(describeWhole(report))}</p>\n`,
    '<h2>What is stored of people</h2>\n',
    renderHtmlTable(
      ['Field', 'Group', 'Records', 'Services', 'Policy rules', 'Retention'],
      fields.map((use) => [
        use.field,
        use.group,
        use.records,
        use.services.join(', '),
        use.rules.join(', '),
        use.retention.join(', '),
      ]),
    ),
    '<h2>Where, how, and until when</h2>\n',
    renderHtmlTable(
      ['Where', 'How', 'Until'],
      places.map(({ place, form, until }) => [place, form, until]),
    ),
    '<h2>What was taken away before it was stored</h2>\n',
    redacted.length === 0
      ? '<p>Nothing.</p>\n'
      : renderHtmlTable(
          ['Field', 'Records'],
          redacted.map(({ field, records }) => [field, records]),
        ),
    '<h2>Who read it</h2>\n',
    readers.length === 0
      ? '<p>Nobody who had to say who they are.</p>\n'
      : renderHtmlTable(
          ['Reader', 'Role', 'Requests', 'Records shown', 'Last'],
          readers.map((use) => [use.reader, use.role, use.requests, use.records, formatTime(use.last)]),
        ),
    `<p>${escapeHtml(READING_NOTE)}</p>\n`,
  ];
  return renderPage(`Personal data in the audit log ${origin}`, body.join(''));
}

function describeWhole({ origin, records, people, first, last, closed, erasures }: PrivacyReport): string {
  const span =
    first === undefined || last === undefined ? '' : `, ${formatTime(first)} to ${formatTime(last)}`;
  const gone = COMMITMENT_GROUPS.map((group) => `${group} of ${formatCount(closed[group])}`).join(', ');
  return (
    `${origin}: ${formatCount(records)} records of ${formatCount(people)} people${span}. ` +
    `Erased or past their time: ${gone} records; ${formatCount(erasures)} people were erased.`
  );
}
