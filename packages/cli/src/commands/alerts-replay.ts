import type { ReplayedAlert } from '@spanledger/audit-exporter';
import type { Command } from 'commander';
import { usualPlace } from '../connection.ts';
import type { Context } from '../context.ts';
import { demandLedger } from '../directory-access.ts';
import { addExamples } from '../options.ts';
import { renderReplay } from '../output/alerts.ts';
import { renderJsonLine } from '../output/json.ts';
import { progressLine } from '../output/progress.ts';
import { momentMs, parseMoment, type TimeOptions } from '../times.ts';

interface ReplayOptions extends TimeOptions {
  data?: string;
  config?: string;
  rules?: string;
  json?: boolean;
}

/** `spanledger alerts replay`: what the rules say of what was long ago. */
export function addAlertsReplay(alerts: Command, context: Context): void {
  const command = alerts
    .command('replay')
    .summary('run the rules over what is recorded')
    .description(
      'Runs the rules over the log of a data directory, with the code that the service runs, and lists the alerts they\n' +
        'raise: the same ids for the same alerts, and whether the ledger holds them. What came before --since is looked at\n' +
        'as well, for what rules remember of it. Nothing is recorded.',
    )
    .option('--since <time>', 'alerts not before: 15m, 2h, 7d ago, or a date', parseMoment)
    .option('--until <time>', 'alerts before: 15m, 2h, 7d ago, or a date', parseMoment)
    .option('--rules <file>', 'rules to try, beside and in place of those that come with it')
    .option('-c, --config <file>', 'configuration file (default: SPANLEDGER_CONFIG, else spanledger.yaml)')
    .option('--data <dir>', 'data directory (default: that of the configuration)')
    .option('--json', 'one JSON object an alert');
  addExamples(command, [
    'spanledger alerts replay --since 7d',
    'spanledger alerts replay --since 2026-11-01 --rules new-rules.yaml --data ./data --json',
  ]).action((options: ReplayOptions) => replay(options, context));
}

async function replay(options: ReplayOptions, context: Context): Promise<void> {
  const { loadConfig, replayAlerts } = await import('@spanledger/audit-exporter');
  const { since, until, config: file, rules, json = false } = options;
  const { alerts } = loadConfig({ env: context.env, ...(file !== undefined && { file }) });
  const directory = options.data ?? (await usualPlace(context.env)).directory;
  demandLedger(directory);
  const nowMs = context.now();
  const progress = progressLine(context.draw, context.now, context.err);
  const found: ReplayedAlert[] = [];
  let count = 0;
  for await (const alert of replayAlerts(directory, {
    rules: { file: rules ?? alerts.rulesFile, disabled: alerts.disabled },
    nowMs,
    env: context.env,
    ...(since !== undefined && { sinceMs: momentMs(since, nowMs) }),
    ...(until !== undefined && { untilMs: momentMs(until, nowMs) }),
    onProgress: (done, all) => {
      progress.update({ verified: done, size: all });
    },
  })) {
    count++;
    progress.clear();
    if (json) context.out(renderJsonLine(alert));
    else found.push(alert);
  }
  progress.clear();
  if (found.length > 0) context.out(renderReplay(found, { paint: context.paint }));
  if (count === 0 && !json) context.err('The rules raise no alert.\n');
}
