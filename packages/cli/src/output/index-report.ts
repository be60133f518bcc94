import { INDEX_FAILURE_MEANINGS, type IndexReport } from '@spanledger/audit-exporter';
import { plain, type RenderOptions } from './paint.ts';
import { formatCount, formatMilliseconds, printable } from './text.ts';

/** How many failures the text shows; `--json` has more. */
const MAX_SHOWN = 20;

/** What the comparison of an index with its ledger found. */
export function renderIndexReport(report: IndexReport, { paint = plain }: RenderOptions = {}): string {
  const { ok, size, compared, failures, complete, elapsedMs } = report;
  const total = `${formatCount(failures.length)}${complete ? '' : ' or more'}`;
  const shown = failures.slice(0, MAX_SHOWN).flatMap(({ code, detail }) => {
    return [`  ${code}: ${detail}`, `    ${INDEX_FAILURE_MEANINGS[code]}`];
  });
  const rest = failures.length - MAX_SHOWN;
  const lines = [
    `${paint(ok ? 'good' : 'bad', ok ? 'VERIFIED' : 'FAILED')}  index, sessions and vault`,
    '',
    `Records:     ${formatCount(compared)} of ${formatCount(size)} compared with what the ledger makes of them`,
    `Time:        ${formatMilliseconds(elapsedMs)}`,
    ...(failures.length === 0 ? [] : ['', `Failures: ${total}`, ...shown]),
    ...(rest > 0 ? [`  … and ${formatCount(rest)} more; --json lists them`] : []),
  ];
  return `${lines.map((line, i) => (i === 0 ? line : printable(line))).join('\n')}\n`;
}
