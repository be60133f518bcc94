import type { AlertsRequest, AlertSummary } from '@spanledger/audit-exporter';
import { type Command, Option } from 'commander';
import { withArchive } from '../connection.ts';
import type { Context } from '../context.ts';
import { CliError } from '../errors.ts';
import { addExamples, addSourceOptions, parseLimit, type SourceOptions } from '../options.ts';
import { renderAlert, renderAlerts } from '../output/alerts.ts';
import { renderJsonLine } from '../output/json.ts';
import { type Page, pages, renderMore } from '../pages.ts';

const DEFAULT_LIMIT = 50;
const MAX_PAGE = 200;

interface ListOptions extends SourceOptions {
  limit: number;
  status?: NonNullable<AlertsRequest['status']>;
  severity?: NonNullable<AlertsRequest['severity']>;
  rule?: string;
}

interface ChangeOptions extends SourceOptions {
  note?: string;
}

/** `spanledger alerts list` and `show`. */
export function addAlertsList(alerts: Command, context: Context): void {
  const list = alerts
    .command('list')
    .summary('list alerts')
    .description(
      'Lists alerts, those that were raised last first. Where there are more than --limit, standard error says so.',
    )
    .addOption(
      new Option('--status <status>', 'only alerts that are so').choices([
        'open',
        'acknowledged',
        'resolved',
      ]),
    )
    .addOption(
      new Option('--severity <severity>', 'only alerts at least so grave').choices([
        'low',
        'medium',
        'high',
        'critical',
      ]),
    )
    .option('--rule <id>', 'only alerts of this rule')
    .option('-n, --limit <n>', 'at most this many alerts', parseLimit, DEFAULT_LIMIT);
  addExamples(addSourceOptions(list), [
    'spanledger alerts list --status open --severity high',
    'spanledger alerts list --rule failed-logins-per-user --json',
  ]).action((options: ListOptions) => listAlerts(options, context));

  const show = alerts
    .command('show')
    .summary('show an alert and the records that it rests on')
    .description('Shows an alert, what was done with it, and the records that it rests on.')
    .argument('<id>', 'the alert’s id');
  addExamples(addSourceOptions(show), [
    'spanledger alerts show alert-k3JX0p2nTqWc5yZr1uVb8A',
    'spanledger alerts show alert-k3JX0p2nTqWc5yZr1uVb8A --json | jq .evidence',
  ]).action((id: string, options: SourceOptions) => showAlert(id, options, context));
}

/** `spanledger alerts ack` and `resolve`: what was done is a record of the ledger. */
export function addAlertsChange(alerts: Command, context: Context): void {
  for (const [name, status, summary, description] of [
    ['ack', 'acknowledged', 'acknowledge an alert', 'Says that somebody sees to an alert.'],
    ['resolve', 'resolved', 'resolve an alert', 'Says that an alert is seen to.'],
  ] as const) {
    const command = alerts
      .command(name)
      .summary(summary)
      .description(
        `${description} The service records who did so, when, and the note; a data directory alone is only read.`,
      )
      .argument('<id>', 'the alert’s id')
      .option('-m, --note <text>', 'what there is to say about it');
    addExamples(addSourceOptions(command), [
      `spanledger alerts ${name} alert-k3JX0p2nTqWc5yZr1uVb8A --note 'a forgotten password'`,
    ]).action((id: string, options: ChangeOptions) => changeAlert(id, status, options, context));
  }
}

async function listAlerts(options: ListOptions, context: Context): Promise<void> {
  const { status, severity, rule } = options;
  await withArchive(options, context, async (archive) => {
    let more = false;
    const ask = async (limit: number, cursor?: string): Promise<Page<AlertSummary>> => {
      const { alerts, next } = await archive.alerts({
        limit,
        ...(cursor !== undefined && { cursor }),
        ...(status !== undefined && { status }),
        ...(severity !== undefined && { severity }),
        ...(rule !== undefined && { rule }),
      });
      more = next !== undefined;
      return { items: alerts, ...(next !== undefined && { next }) };
    };
    let count = 0;
    const found: AlertSummary[] = [];
    for await (const alerts of pages(ask, options.limit, MAX_PAGE)) {
      count += alerts.length;
      if (options.json === true) for (const alert of alerts) context.out(renderJsonLine(alert));
      else found.push(...alerts);
    }
    if (found.length > 0) context.out(renderAlerts(found, { paint: context.paint }));
    if (more) context.err(renderMore(count));
    else if (count === 0 && options.json !== true) context.err('There are no such alerts.\n');
  });
}

async function showAlert(id: string, options: SourceOptions, context: Context): Promise<void> {
  const alert = await withArchive(options, context, (archive) => archive.alert(id));
  if (alert === undefined) throw notThere(id);
  context.out(options.json === true ? renderJsonLine(alert) : renderAlert(alert, { paint: context.paint }));
}

async function changeAlert(
  id: string,
  status: 'acknowledged' | 'resolved',
  options: ChangeOptions,
  context: Context,
): Promise<void> {
  const { note } = options;
  const alert = await withArchive(options, context, (archive) =>
    archive.changeAlert(id, { status, ...(note !== undefined && { note }) }),
  );
  if (alert === undefined) throw notThere(id);
  context.out(options.json === true ? renderJsonLine(alert) : `${id} is ${status}.\n`);
}

function notThere(id: string): CliError {
  return new CliError('not_found', `there is no alert ${id}`, {
    hint: 'List them with: spanledger alerts list',
  });
}
