import type { Command } from 'commander';
import { withArchive } from '../connection.ts';
import type { Context } from '../context.ts';
import { addExamples, addSourceOptions, type SourceOptions } from '../options.ts';
import { renderJsonLine } from '../output/json.ts';
import { formatTime } from '../output/text.ts';
import { findPolicy } from './policy-records.ts';

/** `spanledger policy show`: the policy in force, as the ledger has it. */
export function addPolicyShow(policy: Command, context: Context): void {
  const command = policy
    .command('show')
    .summary('show the policy in force')
    .description(
      'Shows the policy that is in force by the newest record that says so: since when, its SHA-256, and its text, which ' +
        'is compared with the hash.',
    );
  addExamples(addSourceOptions(command), [
    'spanledger policy show',
    'spanledger policy show --data ./data --json',
  ]).action((options: SourceOptions) => showPolicy(options, context));
}

async function showPolicy(options: SourceOptions, context: Context): Promise<void> {
  const found = await withArchive(options, context, findPolicy);
  if (options.json === true) {
    context.out(renderJsonLine(found ?? { sha256: null }));
  } else if (found === undefined) {
    context.out('There is no audit policy: everything is recorded whole.\n');
  } else {
    context.out(
      `In force since ${formatTime(found.since)}, record ${found.record}\nSHA-256 ${found.sha256}\n\n`,
    );
    context.out(
      found.text === undefined
        ? 'Its text is not to be had: it is not opened here, or not what the hash is of.\n'
        : `${safeLines(found.text)}\n`,
    );
  }
}

/** A file’s lines, safe for a terminal. */
function safeLines(text: string): string {
  return text.trimEnd().replaceAll(/[^\P{C}\n\t]/gu, '\uFFFD');
}
