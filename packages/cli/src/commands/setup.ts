import type { Command } from 'commander';
import type { Context } from '../context.ts';
import { addExamples } from '../options.ts';
import { addSetupElasticsearch } from './setup-elasticsearch.ts';

/** `spanledger setup`: prepares what stands beside the service. */
export function addSetup(program: Command, context: Context): void {
  const command = program
    .command('setup')
    .summary('prepare what stands beside the service')
    .description('Prepares what stands beside the service, and shows first what it would do.');
  addSetupElasticsearch(command, context);
  addExamples(command, [
    'spanledger setup elasticsearch --help',
    'spanledger setup elasticsearch --dry-run --json',
  ]);
}
