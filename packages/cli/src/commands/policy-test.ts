import { PolicyTrial, type TrialReport } from '@spanledger/audit-exporter';
import { type Command, InvalidArgumentError } from 'commander';
import { withArchive } from '../connection.ts';
import type { Context } from '../context.ts';
import { CliError } from '../errors.ts';
import { addExamples, addSourceOptions, type SourceOptions } from '../options.ts';
import { renderJsonLine } from '../output/json.ts';
import { renderTable } from '../output/table.ts';
import { formatCount } from '../output/text.ts';
import { limitToTime, momentMs, parseMoment, type TimeOptions } from '../times.ts';
import { eachRecord, readPolicyFile } from './policy-records.ts';

interface TestOptions extends SourceOptions {
  against: Required<Pick<TimeOptions, 'since'>> & TimeOptions;
}

const RULE_COLUMNS = [
  { title: 'RULE', maxWidth: 40 },
  { title: 'LEVEL', maxWidth: 8 },
  { title: 'RECORDS', maxWidth: 14, align: 'right' as const },
  { title: 'FOR EXAMPLE', maxWidth: 100 },
];
const CHANGE_COLUMNS = [
  { title: 'FROM', maxWidth: 8 },
  { title: 'TO', maxWidth: 8 },
  { title: 'RECORDS', maxWidth: 14, align: 'right' as const },
  { title: 'FOR EXAMPLE', maxWidth: 100 },
];
const VIOLATION_COLUMNS = [
  { title: 'VIOLATION', maxWidth: 24 },
  { title: 'RECORDS', maxWidth: 14, align: 'right' as const },
  { title: 'FOR EXAMPLE', maxWidth: 100 },
];

/** `spanledger policy test`: what a policy would have made of recorded calls. */
export function addPolicyTest(policy: Command, context: Context): void {
  const command = policy
    .command('test')
    .summary('try a policy on recorded data')
    .description(
      'Tells what a policy would have made of the calls of a range of time: how many records each rule would match, ' +
        'whose level would be another, what does not fit its protected routes, with examples. Nothing is changed. ' +
        'What an earlier policy left out is in no record, and so not in the answer.',
    )
    .argument('<file>', 'the policy; - is standard input')
    .requiredOption(
      '--against <range>',
      'since when: 15m, 24h, 7d ago, or a date; with .. and a second one also until when',
      parseRange,
    );
  addExamples(addSourceOptions(command), [
    'spanledger policy test audit-policy.yaml --against 24h',
    'spanledger policy test audit-policy.yaml --against 2026-11-01..2026-11-08 --json',
  ]).action((file: string, options: TestOptions) => testPolicy(file, options, context));
}

async function testPolicy(file: string, options: TestOptions, context: Context): Promise<void> {
  const { since, until } = options.against;
  const nowMs = context.now();
  if (until !== undefined && momentMs(since, nowMs) >= momentMs(until, nowMs))
    throw new CliError('usage', '--against ends before it begins');
  const trial = new PolicyTrial(await readPolicyFile(file, context));
  const query = limitToTime('trace.id:*', options.against, nowMs);
  await withArchive(options, context, (archive) =>
    eachRecord(archive, query, context, (record) => {
      trial.add(record);
    }),
  );
  const report = trial.report();
  context.out(options.json === true ? renderJsonLine(report) : renderTrial(report, context));
}

function renderTrial({ records, rules, changes, violations }: TrialReport, { paint }: Context): string {
  const example = (examples: readonly string[]): string => examples[0] ?? '';
  const parts = [
    renderTable(
      RULE_COLUMNS,
      rules.map((each) => [each.rule, each.level, formatCount(each.records), example(each.examples)]),
      paint,
    ),
    changes.length === 0
      ? 'No record’s level would be another.\n'
      : renderTable(
          CHANGE_COLUMNS,
          changes.map((each) => [each.from, each.to, formatCount(each.records), example(each.examples)]),
          paint,
        ),
    violations.length === 0
      ? 'Nothing does not fit the protected routes and the clients’ scopes.\n'
      : renderTable(
          VIOLATION_COLUMNS,
          violations.map((each) => [each.violation, formatCount(each.records), example(each.examples)]),
          paint,
        ),
    `${formatCount(records)} records.\n`,
  ];
  return parts.join('\n');
}

/** `24h`, or `2026-11-01..2026-11-08`. */
function parseRange(text: string): TestOptions['against'] {
  const [since = '', until, ...more] = text.split('..');
  if (more.length > 0) throw new InvalidArgumentError('It must be one time, or two with .. between them.');
  return { since: parseMoment(since), ...(until !== undefined && { until: parseMoment(until) }) };
}
