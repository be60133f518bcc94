import type { SetupChange } from '@spanledger/audit-exporter';
import type { Paint } from './paint.ts';
import { printable } from './text.ts';

/** More lines than this nobody reads; `--json` has them all. */
const MAX_SHOWN_DIFFERENCES = 40;
const ACTIONS: Record<SetupChange['action'], string> = {
  create: '+ create',
  update: '~ change',
  roll_over: '> roll over',
};

/** What of a set-up is shown. */
export interface SetupReport {
  url: string;
  version: string;
  namespace: string;
  changes: readonly SetupChange[];
  unchanged: number;
  fallbacks: readonly string[];
}

/** What there is to do, with what differs. */
export function renderPlan(report: SetupReport, paint: Paint): string {
  const { url, version, namespace, changes, unchanged, fallbacks } = report;
  const lines = [`Elasticsearch ${version} at ${printable(url)}, namespace ${namespace}`, ''];
  for (const change of changes) {
    lines.push(`  ${describe(change)}`);
    if (change.action === 'create') continue;
    for (const { path, before, after } of change.differences.slice(0, MAX_SHOWN_DIFFERENCES)) {
      if (before !== undefined) lines.push(paint('bad', `      - ${path}: ${printable(before)}`));
      if (after !== undefined) lines.push(paint('good', `      + ${path}: ${printable(after)}`));
    }
    const more = change.differences.length - MAX_SHOWN_DIFFERENCES;
    if (more > 0) lines.push(`      and ${more} more (--json has them all)`);
  }
  if (changes.length > 0) lines.push('');
  lines.push(
    changes.length === 0
      ? `Nothing to do: all ${unchanged} things are as they should be.`
      : `${changes.length} to do, ${unchanged} as they should be.`,
  );
  if (fallbacks.length > 0)
    lines.push('', 'What this server lacks:', ...fallbacks.map((line) => `  ${line}`));
  return `${lines.join('\n')}\n`;
}

/** A change that was made. */
export function renderChange(change: SetupChange, paint: Paint): string {
  return `${paint('good', 'done')}  ${describe(change)}\n`;
}

function describe({ kind, name, action }: SetupChange): string {
  return `${ACTIONS[action].padEnd(11)}  ${kind.replaceAll('_', ' ').padEnd(18)}  ${printable(name)}`;
}
