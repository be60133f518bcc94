import { loadConfig, reindexElasticsearch } from '@spanledger/audit-exporter';
import { type Command, InvalidArgumentError } from 'commander';
import { locate } from '../connection.ts';
import type { Context } from '../context.ts';
import { CliError, EXIT } from '../errors.ts';
import { addExamples, addSourceOptions, type SourceOptions } from '../options.ts';
import { renderJsonLine } from '../output/json.ts';
import { progressLine } from '../output/progress.ts';
import { formatCount, printable } from '../output/text.ts';
import { noElasticsearch } from './verify-index.ts';

interface ReindexCommandOptions extends SourceOptions {
  from?: number;
  to?: number;
  refused?: boolean;
}

/** `spanledger reindex`: makes the index in Elasticsearch what the ledger has. */
export function addReindex(program: Command, context: Context): void {
  const command = program
    .command('reindex')
    .summary('index records into Elasticsearch again')
    .description(
      'Makes the index in Elasticsearch what the ledger has: creates what is missing, replaces what differs, and ' +
        'tries again what was refused. A service may be running on the data directory. Replacing takes an API key ' +
        'that may do that; the key of the service may not.',
    )
    .option('--from <index>', 'the first ledger index (default: 0)', parseIndex)
    .option('--to <index>', 'the ledger index after the last (default: all that is published)', parseIndex)
    .option('--refused', 'only the records that Elasticsearch refused before');
  addExamples(addSourceOptions(command), [
    'spanledger reindex --data ./data',
    'spanledger reindex --data ./data --refused',
    'spanledger reindex --data ./data --from 1000 --to 2000 --json',
  ]).action((options: ReindexCommandOptions) => run(options, context));
}

async function run(options: ReindexCommandOptions, context: Context): Promise<void> {
  const { elasticsearch } = loadConfig({ env: context.env });
  if (elasticsearch === undefined) throw noElasticsearch();
  const location = await locate(options, context);
  if (location.kind !== 'directory') {
    throw new CliError('usage', 'records are indexed again from a data directory, and not from a service', {
      hint: 'Name the directory with --data; a service may be running on it.',
    });
  }
  const line = progressLine(context.draw, context.now, context.err);
  const { from, to, refused } = options;
  const report = await reindexElasticsearch(location.directory, {
    elasticsearch,
    env: context.env,
    ...(from !== undefined && { from }),
    ...(to !== undefined && { to }),
    ...(refused !== undefined && { onlyRefused: refused }),
    signal: context.untilInterrupted(),
    onProgress: (progress) => {
      line.update(progress);
    },
    onTrouble: (trouble) => {
      if (trouble !== undefined) context.err(`${printable(trouble.message)}; it is tried again\n`);
    },
  }).finally(() => {
    line.clear();
  });
  const ok = report.refused === 0;
  if (options.json === true) context.out(renderJsonLine({ ok, ...report }));
  else {
    const counts = `${formatCount(report.records)} records: ${formatCount(report.created)} created, ${formatCount(report.replaced)} replaced, ${formatCount(report.refused)} refused`;
    context.out(`${context.paint(ok ? 'good' : 'bad', ok ? 'REINDEXED' : 'REFUSED')}  ${counts}\n`);
  }
  context.exitCode = ok ? EXIT.good : EXIT.failed;
}

function parseIndex(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It must be a ledger index: a whole number from 0.');
}
