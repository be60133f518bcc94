import {
  readKeyHistory,
  parseVerificationKey,
  type KeyProblem,
  type LogKey,
} from '@spanledger/ledger/verify';
import type { Command } from 'commander';
import { describeLocation, locate, openPublicLog } from '../connection.ts';
import type { Context } from '../context.ts';
import { EXIT } from '../errors.ts';
import { readVkey } from '../input-files.ts';
import { addExamples, addSourceOptions, type SourceOptions } from '../options.ts';
import { renderJsonLine } from '../output/json.ts';
import { formatCount, printable } from '../output/text.ts';

interface ListOptions extends SourceOptions {
  vkey?: string;
}

/** `spanledger keys list`: all keys that a log has had, and from which size to which each counts. */
export function addKeysList(keys: Command, context: Context): void {
  const command = keys
    .command('list')
    .summary('list all keys of the log')
    .description(
      'Lists the keys that the log states to be its own, the first one first, and the sizes at which the signatures of ' +
        'each count. The statements are verified from the key that is given, or from the newest one.',
    )
    .option(
      '--vkey <key>',
      'a verification key that you kept, or the file that holds it; any of the log’s keys will do',
    );
  addExamples(addSourceOptions(command), [
    'spanledger keys list',
    'spanledger keys list --vkey ledger.vkey --json',
  ]).action((options: ListOptions) => listKeys(options, context));
}

async function listKeys(options: ListOptions, context: Context): Promise<void> {
  const location = await locate(options, context);
  const log = await openPublicLog(location);
  const vkey = options.vkey === undefined ? await log.vkey() : await readVkey(options.vkey, context);
  const trusted = parseVerificationKey(vkey);
  const { keys, problems } = readKeyHistory(await log.keys(), trusted.ok ? trusted.value : undefined);
  const where = describeLocation(location);
  context.exitCode = problems.length === 0 ? EXIT.good : EXIT.failed;
  if (options.json === true) {
    const listed = keys.keys.map(({ vkey: line, state, from, until }) => ({
      vkey: line,
      state,
      from,
      until,
    }));
    context.out(renderJsonLine({ origin: keys.name, source: where, keys: listed, problems }));
    return;
  }
  context.out(`Keys of ${printable(keys.name)}, from ${where}:\n\n${keys.keys.map(describeKey).join('')}`);
  if (problems.length > 0) {
    const lines = problems.map(describeProblem).join('');
    context.out(`\n${context.paint('bad', 'FAILED')}  the statements about the keys\n${lines}`);
  }
}

function describeKey({ vkey, state, from, until }: LogKey): string {
  const span =
    until === undefined
      ? `from size ${formatCount(from)} on`
      : `sizes ${formatCount(from)} to ${formatCount(until - 1)}`;
  return `  ${vkey}\n        ${state}, ${span}\n`;
}

function describeProblem({ code, statement, detail }: KeyProblem): string {
  return `  ${statement === undefined ? 'keys' : `keys, statement ${statement}`} — ${code}\n    ${printable(detail)}\n`;
}
