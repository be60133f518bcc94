import type { ReplayedAlert } from '@spanledger/audit-exporter';
import type { Command } from 'commander';
import { locate } from '../connection.ts';
import type { Context } from '../context.ts';
import { demandLedger } from '../directory-access.ts';
import { CliError } from '../errors.ts';
import { readInputFile } from '../input-files.ts';
import { addExamples, addSourceOptions, type SourceOptions } from '../options.ts';
import { renderReplay } from '../output/alerts.ts';
import { renderJsonLine } from '../output/json.ts';
import { progressLine } from '../output/progress.ts';
import { momentMs, parseMoment, type TimeOptions } from '../times.ts';

interface ReplayOptions extends TimeOptions, SourceOptions {
  config?: string;
  rules?: string;
}

/** `spanledger alerts replay`: what the rules say of what was long ago. */
export function addAlertsReplay(alerts: Command, context: Context): void {
  const command = alerts
    .command('replay')
    .summary('run the rules over what is recorded')
    .description(
      'Runs the rules over what is recorded, with the code that the service runs, and lists the alerts they raise: the\n' +
        'same ids for the same alerts, and whether the ledger holds them. Of what came before --since each rule looks at as\n' +
        'much as it takes into account. A service runs its own rules; over a data directory they are those of the\n' +
        'configuration. Nothing is recorded, but who asked the service.',
    )
    .option('--since <time>', 'alerts not before: 15m, 2h, 7d ago, or a date', parseMoment)
    .option('--until <time>', 'alerts before: 15m, 2h, 7d ago, or a date', parseMoment)
    .option('--rules <file>', 'rules to try, beside and in place of those in force')
    .option('-c, --config <file>', 'configuration file (default: SPANLEDGER_CONFIG, else spanledger.yaml)');
  addExamples(addSourceOptions(command), [
    'spanledger alerts replay --since 7d',
    'spanledger alerts replay --since 2026-11-01 --until 2026-11-08 --url https://audit.example:4319',
    'spanledger alerts replay --since 2026-11-01 --rules new-rules.yaml --data ./data --json',
  ]).action((options: ReplayOptions) => replay(options, context));
}

async function replay(options: ReplayOptions, context: Context): Promise<void> {
  const { json = false } = options;
  const progress = progressLine(context.draw, context.now, context.err);
  const found: ReplayedAlert[] = [];
  let count = 0;
  const raised = await findAlerts(options, context, (done, all) => {
    progress.update({ verified: done, size: all });
  });
  for await (const alert of raised) {
    count++;
    progress.clear();
    if (json) context.out(renderJsonLine(alert));
    else found.push(alert);
  }
  progress.clear();
  if (found.length > 0) {
    const inOrder = found.toSorted((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0));
    context.out(renderReplay(inOrder, { paint: context.paint }));
  }
  if (count === 0 && !json) context.err('The rules raise no alert.\n');
}

async function findAlerts(
  options: ReplayOptions,
  context: Context,
  onProgress: (done: number, all: number) => void,
): Promise<AsyncGenerator<ReplayedAlert>> {
  const { loadConfig, replayAlerts, replayRemoteAlerts } = await import('@spanledger/audit-exporter');
  const { since, until, config: file, rules } = options;
  const nowMs = context.now();
  const range = {
    ...(since !== undefined && { sinceMs: momentMs(since, nowMs) }),
    ...(until !== undefined && { untilMs: momentMs(until, nowMs) }),
    onProgress,
  };
  if (range.sinceMs !== undefined && range.untilMs !== undefined && range.sinceMs >= range.untilMs)
    throw new CliError('usage', '--until is not after --since');
  const location = await locate(options, context);
  const tried = rules === undefined ? undefined : { name: rules, text: await readInputFile(rules, context) };
  if (location.kind === 'service')
    return replayRemoteAlerts(location.url, { ...location.credentials, ...range, rules: tried });
  const { alerts } = loadConfig({ env: context.env, ...(file !== undefined && { file }) });
  demandLedger(location.directory);
  return replayAlerts(location.directory, {
    rules: { file: alerts.rulesFile, own: tried, disabled: alerts.disabled },
    nowMs,
    env: context.env,
    ...range,
  });
}
