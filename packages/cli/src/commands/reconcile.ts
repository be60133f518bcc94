import { KeycloakAdmin, loadConfig, reconcile } from '@spanledger/audit-exporter';
import type { Command } from 'commander';
import { withArchive } from '../connection.ts';
import type { Context } from '../context.ts';
import { CliError } from '../errors.ts';
import { addExamples, addSourceOptions, type SourceOptions } from '../options.ts';
import { renderJsonLine } from '../output/json.ts';
import { describeReconciliation, renderReconciliation } from '../output/reconciliation.ts';
import { momentMs, parseMoment } from '../times.ts';

const DEFAULT_SINCE = '24h';
const DEFAULT_UNTIL = '5m';

/** The longest window that is compared at once; a longer one is cut into such. */
const WINDOW_MS = 3_600_000;

interface ReconcileOptions extends SourceOptions {
  config?: string;
  since: string;
  until: string;
}

/** `spanledger reconcile keycloak`: what the provider knows and the ledger does not, and the other way round. */
export function addReconcile(program: Command, context: Context): void {
  const reconcileCommand = program
    .command('reconcile')
    .summary('compare the ledger with an identity provider')
    .description('Compares what the ledger and an identity provider tell of sessions and tokens.');
  addExamples(reconcileCommand, [
    'spanledger reconcile keycloak --since 1h',
    'spanledger reconcile keycloak --since 7d --json',
  ]);
  const command = reconcileCommand
    .command('keycloak')
    .summary('compare with the events of a Keycloak realm')
    .description(
      'Reads the user events and admin events of a realm and compares them with the ledger, by session and token id.\n' +
        'It lists exactly what one side has and the other has not; exit status 1 says that there is something. The\n' +
        'realm and the client that reads its events are in the configuration, under reconcile.keycloak. It records\n' +
        'nothing: the service does so by itself, at the interval of the configuration.',
    )
    .option('-c, --config <file>', 'configuration file (default: SPANLEDGER_CONFIG, else spanledger.yaml)')
    .option('--since <time>', 'from when on: 15m, 2h, 7d ago, or a date', parseMoment, DEFAULT_SINCE)
    .option(
      '--until <time>',
      'until when; what is newer may still be on its way',
      parseMoment,
      DEFAULT_UNTIL,
    );
  addExamples(addSourceOptions(command), [
    'spanledger reconcile keycloak --since 1h',
    'spanledger reconcile keycloak --config /etc/spanledger.yaml --since 2026-11-01 --until 2026-11-02 --json',
  ]).action((options: ReconcileOptions) => reconcileKeycloak(options, context));
}

async function reconcileKeycloak(options: ReconcileOptions, context: Context): Promise<void> {
  const { config: file } = options;
  const { keycloak } = loadConfig({ env: context.env, ...(file !== undefined && { file }) });
  if (keycloak === undefined) {
    throw new CliError('usage', 'the configuration names no realm', {
      hint: 'Set reconcile.keycloak.url, realm, client_id and client_secret_file; see docs/reconciling.md.',
    });
  }
  const fromMs = momentMs(options.since, context.now());
  const untilMs = momentMs(options.until, context.now());
  if (fromMs >= untilMs) throw new CliError('usage', '--since is not before --until');
  const admin = new KeycloakAdmin(keycloak);
  await withArchive(options, context, async (archive) => {
    const total = { events: 0, records: 0, differences: 0 };
    for (let at = fromMs; at < untilMs;) {
      const report = await reconcile(admin, archive, { fromMs: at, toMs: Math.min(untilMs, at + WINDOW_MS) });
      const differences = report.missingInLedger.length + report.missingAtProvider.length;
      total.events += report.providerEvents;
      total.records += report.ledgerRecords;
      total.differences += differences;
      if (options.json === true) context.out(renderJsonLine(describeReconciliation(report)));
      else if (differences > 0) context.out(renderReconciliation(report, context.paint));
      at = report.toMs;
    }
    const { events, records, differences } = total;
    const outcome = differences === 0 ? 'no difference' : `${differences} differences`;
    if (options.json !== true) {
      context.out(`${events} events of ${admin.issuer} and ${records} records compared: ${outcome}.\n`);
    }
    if (differences > 0) context.exitCode = 1;
  });
}
