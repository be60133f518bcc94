import { existsSync } from 'node:fs';
import {
  dataDirectory,
  DeliveryState,
  loadConfig,
  type TargetConfig,
  type TargetTrial,
  tryTarget,
} from '@spanledger/audit-exporter';
import type { Command } from 'commander';
import { usualPlace } from '../connection.ts';
import type { Context } from '../context.ts';
import { demandLedger } from '../directory-access.ts';
import { CliError, EXIT } from '../errors.ts';
import { addExamples } from '../options.ts';
import { renderJsonLine } from '../output/json.ts';
import { formatCount, printable } from '../output/text.ts';

interface TestOptions {
  config?: string;
  json?: boolean;
}

interface RetryOptions {
  data?: string;
  json?: boolean;
}

/** `spanledger alerts test`: whether those who are to be told can be. */
export function addAlertsTest(alerts: Command, context: Context): void {
  const command = alerts
    .command('test [target]')
    .summary('send a test alert to each target of the configuration')
    .description(
      'Sends a test alert to each target in alerts.deliver, or to one, and tells how it ended. It comes from here, with\n' +
        'the configuration and the secrets that this user can read, not from the service; it is in no ledger, and no\n' +
        'filter holds it back. Exit status 1 says that a target did not take it.',
    )
    .option('-c, --config <file>', 'configuration file (default: SPANLEDGER_CONFIG, else spanledger.yaml)')
    .option('--json', 'one JSON object a target');
  addExamples(command, [
    'spanledger alerts test',
    'spanledger alerts test soc --config /etc/spanledger.yaml --json',
  ]).action((target: string | undefined, options: TestOptions) => testTargets(target, options, context));
}

/** `spanledger alerts retry`: what was not taken is sent again. */
export function addAlertsRetry(alerts: Command, context: Context): void {
  const command = alerts
    .command('retry [target]')
    .summary('have the alerts sent again that a target did not take')
    .description(
      'Has all dead letters of a target sent again, or those of every target: by the service within seconds if it runs,\n' +
        'else at its next start. spanledger doctor lists them; what is refused again stays there. It works on the data\n' +
        'directory, on the machine of the service.',
    )
    .option('--data <dir>', 'data directory (default: that of the configuration)')
    .option('--json', 'the result as JSON');
  addExamples(command, [
    'spanledger alerts retry',
    'spanledger alerts retry soc --data /var/lib/spanledger',
  ]).action((target: string | undefined, options: RetryOptions) => retryTargets(target, options, context));
}

async function testTargets(name: string | undefined, options: TestOptions, context: Context): Promise<void> {
  const { config: file } = options;
  const { deliver } = loadConfig({ env: context.env, ...(file !== undefined && { file }) });
  for (const target of chosen(deliver, name)) {
    const trial = await tryTarget(target, context.now, new AbortController().signal);
    context.out(options.json === true ? renderJsonLine(describeTrial(trial)) : renderTrial(trial, context));
    if (trial.outcome !== 'delivered') context.exitCode = EXIT.failed;
  }
}

function chosen(targets: readonly TargetConfig[], name: string | undefined): readonly TargetConfig[] {
  if (targets.length === 0) {
    throw new CliError('usage', 'the configuration names no target', {
      hint: 'Add one to alerts.deliver; see docs/notifications.md.',
    });
  }
  const found = targets.filter((target) => name === undefined || target.name === name);
  if (found.length > 0) return found;
  throw new CliError('usage', `alerts.deliver names no target ${name ?? ''}`, {
    hint: `There are: ${targets.map((target) => target.name).join(', ')}.`,
  });
}

async function retryTargets(
  name: string | undefined,
  options: RetryOptions,
  context: Context,
): Promise<void> {
  const directory = options.data ?? (await usualPlace(context.env)).directory;
  demandLedger(directory);
  const file = dataDirectory(directory).deliveryFile;
  const count = existsSync(file) ? retryIn(file, name) : 0;
  if (options.json === true) context.out(renderJsonLine({ retried: count }));
  else if (count === 0) context.out('There are no dead letters.\n');
  else context.out(`${formatCount(count)} alerts are sent again; spanledger doctor tells what is left.\n`);
}

function retryIn(file: string, name: string | undefined): number {
  const state = new DeliveryState(file);
  try {
    return state.retry(name);
  } finally {
    state.close();
  }
}

function describeTrial({ name, kind, outcome, reason, tookMs }: TargetTrial): object {
  return { target: name, kind, outcome, ...(reason !== undefined && { reason }), took_ms: tookMs };
}

function renderTrial({ name, kind, outcome, reason = '', tookMs }: TargetTrial, context: Context): string {
  if (outcome === 'delivered') {
    return `${context.paint('good', 'ok')}   ${printable(name)} (${kind}): delivered in ${formatCount(tookMs)} ms\n`;
  }
  const how = outcome === 'refused' ? 'refused' : 'failed';
  return `${context.paint('bad', 'BAD')}  ${printable(name)} (${kind}): ${how}: ${printable(reason)}\n`;
}
