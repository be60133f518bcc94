import { type AuditPolicy, ScopeReport, type ScopeUse } from '@spanledger/audit-exporter';
import type { Command } from 'commander';
import { withArchive } from '../connection.ts';
import type { Context } from '../context.ts';
import { CliError } from '../errors.ts';
import { addExamples, addSourceOptions, type SourceOptions } from '../options.ts';
import { renderJsonLine } from '../output/json.ts';
import { renderTable } from '../output/table.ts';
import { formatCount } from '../output/text.ts';
import { limitToTime, parseMoment, type TimeOptions } from '../times.ts';
import { demandPolicy, eachRecord, findPolicy, readPolicyFile } from './policy-records.ts';

const DEFAULT_SINCE = '30d';

interface ReportOptions extends SourceOptions, TimeOptions {
  policy?: string;
}

const COLUMNS = [
  { title: 'CLIENT', maxWidth: 40 },
  { title: 'SCOPE', maxWidth: 40 },
  { title: 'STATE', maxWidth: 10 },
  { title: 'GRANTED', maxWidth: 14, align: 'right' as const },
  { title: 'USED', maxWidth: 14, align: 'right' as const },
];
const STATES: Readonly<Record<ScopeUse['state'], string>> = {
  used: 'used',
  never_used: 'never used',
  unasked: 'unasked',
};

/** `spanledger policy report`: scopes that were granted and never used. */
export function addPolicyReport(policy: Command, context: Context): void {
  const command = policy
    .command('report')
    .summary('list scopes that are granted and never used')
    .description(
      'Lists, by client, the scopes that were granted within a range of time, and whether a call used each: it reached a ' +
        'route that the policy protects with the scope. Of a scope that no route asks for, nobody can tell (unasked).',
    )
    .option('--since <time>', 'from when on: 15m, 2h, 7d ago, or a date', parseMoment, DEFAULT_SINCE)
    .option('--until <time>', 'until when', parseMoment)
    .option('--policy <file>', 'protected routes by this policy (default: the one in force)');
  addExamples(addSourceOptions(command), [
    'spanledger policy report --since 30d',
    'spanledger policy report --since 2026-11-01 --until 2026-12-01 --policy audit-policy.yaml --json',
  ]).action((options: ReportOptions) => reportScopes(options, context));
}

async function reportScopes(options: ReportOptions, context: Context): Promise<void> {
  const query = limitToTime('oidc.scope:*', options, context.now());
  await withArchive(options, context, async (archive) => {
    const report = new ScopeReport(await choosePolicy(options.policy, archive, context));
    await eachRecord(archive, query, context, (record) => {
      report.add(record);
    });
    const uses = report.uses();
    if (options.json === true) for (const use of uses) context.out(renderJsonLine(use));
    else if (uses.length === 0) context.err('No record says that a scope was granted.\n');
    else context.out(renderTable(COLUMNS, uses.map(describeUse), context.paint));
    if (report.isCut)
      context.err('There are more clients and scopes than are followed; the rest is left out.\n');
  });
}

async function choosePolicy(
  file: string | undefined,
  archive: Parameters<typeof findPolicy>[0],
  context: Context,
): Promise<AuditPolicy> {
  if (file !== undefined) return await readPolicyFile(file, context);
  const text = (await findPolicy(archive))?.text;
  if (text !== undefined) return demandPolicy(text, 'the policy in force');
  throw new CliError('usage', 'there is no audit policy in force, and none is named', {
    hint: 'Name one with --policy: it says which routes ask for which scopes.',
  });
}

function describeUse({
  client,
  scope,
  state,
  granted,
  used,
}: ScopeUse): Parameters<typeof renderTable>[1][number] {
  const shown = STATES[state];
  return [
    client,
    scope,
    state === 'never_used' ? { text: shown, tone: 'warning' } : shown,
    formatCount(granted),
    formatCount(used),
  ];
}
