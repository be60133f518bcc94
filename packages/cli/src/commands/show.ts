import { type CommitmentGroup, discloseGroups } from '@spanledger/record';
import type { Command } from 'commander';
import { withArchive } from '../connection.ts';
import type { Context } from '../context.ts';
import { CliError } from '../errors.ts';
import { addDiscloseOption, addExamples, addSourceOptions, type SourceOptions } from '../options.ts';
import { renderJson, renderJsonLine } from '../output/json.ts';

interface ShowOptions extends SourceOptions {
  disclose?: CommitmentGroup[];
}

/** `spanledger show`: one record, whole. */
export function addShow(program: Command, context: Context): void {
  const command = program
    .command('show')
    .summary('show one record')
    .description('Prints one record with all its fields, as JSON that spanledger verify takes.')
    .argument('<id>', 'audit.record.id, or the entry’s index in the ledger')
    .action((id: string, options: ShowOptions) => showRecord(id, options, context));
  addExamples(addSourceOptions(addDiscloseOption(command)), [
    'spanledger show 1234',
    'spanledger show 1234 --disclose network > where-from-but-not-who.json',
    'spanledger show 4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0 > record.json',
  ]);
}

async function showRecord(id: string, options: ShowOptions, context: Context): Promise<void> {
  const found = await withArchive(options, context, (archive) => archive.record(id));
  if (found === undefined) throw recordNotFound(id);
  const record = options.disclose === undefined ? found : discloseGroups(found, options.disclose);
  context.out(options.json === true ? renderJsonLine(record) : renderJson(record));
}

/** What `show` and `proof` say of an id that leads nowhere. */
export function recordNotFound(id: string): CliError {
  return new CliError('not_found', `there is no record ${id}`, {
    hint: 'A record that was sent a moment ago is there once a checkpoint covers it, within a second or two.',
  });
}
