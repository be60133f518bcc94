import type { Command } from 'commander';
import { withArchive } from '../connection.ts';
import type { Context } from '../context.ts';
import { addExamples, addSourceOptions, type SourceOptions } from '../options.ts';
import { renderJsonLine } from '../output/json.ts';
import { recordNotFound } from './show.ts';

/** `spanledger proof`: what proves one record to somebody who trusts nobody. */
export function addProof(program: Command, context: Context): void {
  const command = program
    .command('proof')
    .summary('print the proof of one record')
    .description(
      'Prints the proof that a record is in the ledger: its place in the Merkle tree and the signed checkpoint that\n' +
        'covers it, in the C2SP tlog-proof format.',
    )
    .argument('<id>', 'audit.record.id, or the entry’s index in the ledger')
    .action((id: string, options: SourceOptions) => printProof(id, options, context));
  addExamples(addSourceOptions(command), [
    'spanledger proof 1234 > record.tlog-proof',
    'spanledger verify record.json --proof record.tlog-proof --vkey ledger.vkey',
  ]);
}

async function printProof(id: string, options: SourceOptions, context: Context): Promise<void> {
  const proof = await withArchive(options, context, (archive) => archive.proof(id));
  if (proof === undefined) throw recordNotFound(id);
  context.out(options.json === true ? renderJsonLine({ id, proof }) : proof);
}
