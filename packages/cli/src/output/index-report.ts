import { INDEX_FAILURE_MEANINGS, type IndexReport } from '@spanledger/audit-exporter';
import { plain, type RenderOptions } from './paint.ts';
import { formatCount, formatMilliseconds, printable } from './text.ts';

/** How many failures the text shows; `--json` has more. */
const MAX_SHOWN = 20;

/** What the comparison of an index with its ledger found. */
export function renderIndexReport(
  report: IndexReport,
  { paint = plain, title = 'index, sessions and vault' }: RenderOptions & { title?: string } = {},
): string {
  const { ok, size, compared, failures, complete, others = {}, elapsedMs } = report;
  const total = `${formatCount(failures.length)}${complete ? '' : ' or more'}`;
  const shown = failures.slice(0, MAX_SHOWN).flatMap(({ code, detail }) => {
    return [`  ${code}: ${detail}`, `    ${INDEX_FAILURE_MEANINGS[code]}`];
  });
  const rest = failures.length - MAX_SHOWN;
  const lines = [
    `${paint(ok ? 'good' : 'bad', ok ? 'VERIFIED' : 'FAILED')}  ${title}`,
    '',
    `Records:     ${formatCount(compared)} of ${formatCount(size)} compared with what the ledger makes of them`,
    `Time:        ${formatMilliseconds(elapsedMs)}`,
    ...Object.entries(others).map(
      ([origin, count]) =>
        `Other log:   ${formatCount(count)} documents of ${origin}, which were not compared`,
    ),
    ...(failures.length === 0 ? [] : ['', `Failures: ${total}`, ...shown]),
    ...(rest > 0 ? [`  … and ${formatCount(rest)} more; --json lists them`] : []),
  ];
  return `${lines.map((line, i) => (i === 0 ? line : printable(line))).join('\n')}\n`;
}
