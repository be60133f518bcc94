import type { Attempt } from '@spanledger/audit-exporter';
import { plain, toneOfOutcome, type RenderOptions } from './paint.ts';
import { renderTable, type Cell, type Column } from './table.ts';
import { formatTime } from './text.ts';

const COLUMNS: readonly Column[] = [
  { title: 'TIME', maxWidth: 24 },
  { title: 'WHO', maxWidth: 32 },
  { title: 'CLIENT', maxWidth: 24 },
  { title: 'EVENT', maxWidth: 28 },
  { title: 'FLOW', maxWidth: 20 },
  { title: 'OUTCOME', maxWidth: 7 },
  { title: 'ERROR', maxWidth: 32 },
  { title: 'ASKED FOR', maxWidth: 48 },
  { title: 'GRANTED', maxWidth: 48 },
  { title: 'FROM', maxWidth: 40 },
];

/**
 * A table of attempts, one line each.
 *
 * @param attempts - in the order in which they are to stand
 */
export function renderAttempts(attempts: readonly Attempt[], options: RenderOptions = {}): string {
  return renderTable(COLUMNS, attempts.map(describeAttempt), options.paint ?? plain);
}

function describeAttempt(attempt: Attempt): Cell[] {
  const { action, outcome, required_scopes: required, requested_scopes: requested } = attempt;
  const why = [attempt.error, attempt.reason].filter((text) => text !== undefined);
  return [
    formatTime(attempt.time),
    attempt.requester ?? '(unknown or withheld)',
    attempt.client_id ?? '',
    action.replace(/^oidc\./, ''),
    attempt.flow ?? attempt.grant_type ?? '',
    { text: outcome, tone: toneOfOutcome(outcome) },
    why.join(': '),
    (required.length > 0 ? required : requested).join(' '),
    attempt.granted_scopes.join(' '),
    attempt.address ?? '',
  ];
}
