import {
  type KekRotationResult,
  loadConfig,
  NEW_KEK_COMMAND_VARIABLE,
  NEW_KEK_VARIABLE,
  type NextKek,
  parseKekCommand,
  placeOf,
  rotateKeyEncryptionKey,
} from '@spanledger/audit-exporter';
import { type Command, Option } from 'commander';

import type { Context } from '../context.ts';
import { demandLedger } from '../directory-access.ts';
import { CliError } from '../errors.ts';
import { addExamples } from '../options.ts';
import { renderJsonLine } from '../output/json.ts';
import { progressLine } from '../output/progress.ts';
import { formatCount } from '../output/text.ts';

type Place = NextKek['place'];

interface RotateKekOptions {
  to?: Place;
  data?: string;
  json?: boolean;
}

const PLACES: readonly Place[] = ['file', 'environment', 'command'];

/** `spanledger keys rotate-kek`. */
export function addRotateKek(keys: Command, context: Context): void {
  const command = keys
    .command('rotate-kek')
    .summary('wrap all keys under another key-encryption key')
    .description(
      'Wraps the keys of all people, of the indexes and of the journal under another key-encryption key; the one before is of\n' +
        'no use afterwards. Neither the ledger nor what is sealed is written anew. The service must be stopped. Interrupted\n' +
        'at whatever moment, either the old key counts or the new one: the next start of the service, or this command,\n' +
        'finishes it. The key as it is now comes from where the service has it: keys/kek, SPANLEDGER_KEK or\n' +
        'SPANLEDGER_KEK_COMMAND.',
    )
    .addOption(
      new Option(
        '--to <place>',
        `where the new key is kept: file (drawn, in keys/kek), environment (${NEW_KEK_VARIABLE} brings it) or command (${NEW_KEK_COMMAND_VARIABLE} prints it; default: where the one before is`,
      ).choices(PLACES),
    )
    .option('--data <dir>', 'the data directory (default: in the user’s own data folder)')
    .option('--json', 'machine-readable output');
  addExamples(command, [
    'spanledger keys rotate-kek',
    `${NEW_KEK_VARIABLE}=$(openssl rand -base64 32) spanledger keys rotate-kek --to environment`,
    `${NEW_KEK_COMMAND_VARIABLE}='["/usr/local/bin/unwrap-kek", "spanledger", "2"]' spanledger keys rotate-kek --to command --json`,
  ]).action((options: RotateKekOptions) => rotate(options, context));
}

async function rotate(options: RotateKekOptions, context: Context): Promise<void> {
  const { dataDirectory, kek, kekCommand } = loadConfig({
    env: context.env,
    ...(options.data !== undefined && { flags: { dataDirectory: options.data } }),
  });
  demandLedger(dataDirectory);
  const current = { kek, kekCommand };
  const progress = progressLine(context.draw, context.now, context.err);
  let result: KekRotationResult;
  try {
    result = await rotateKeyEncryptionKey({
      directory: dataDirectory,
      current,
      next: readNext(options.to ?? placeOf(current), context.env),
      onProgress: ({ done, total }) => {
        progress.update({ verified: done, size: total });
      },
    });
  } finally {
    progress.clear();
  }
  const { outcome, rotation } = result;
  if (options.json === true) {
    const { id, at, from, to, keys } = rotation ?? {};
    context.out(renderJsonLine({ done: true, outcome, id, at, from, to, keys }));
    return;
  }
  context.out(describe(result));
}

function readNext(place: Place, env: NodeJS.ProcessEnv): NextKek {
  if (place === 'file') return { place };
  const variable = place === 'environment' ? NEW_KEK_VARIABLE : NEW_KEK_COMMAND_VARIABLE;
  const text = env[variable] ?? '';
  if (text === '') {
    throw new CliError('usage', `${variable} does not say which key-encryption key is to come`, {
      hint: 'Set it, or say with --to where the new key is to be kept.',
    });
  }
  if (place === 'environment') return { place, kek: text };
  const command = parseKekCommand(text);
  if (command === undefined) {
    throw new CliError('usage', `${variable} must be a JSON list, the program and its arguments`);
  }
  return { place, command };
}

function describe({ outcome, rotation }: KekRotationResult): string {
  if (rotation === undefined) return 'Everything lies under this key already.\n';
  const start = {
    file: 'Back up keys/kek, and unset SPANLEDGER_KEK and SPANLEDGER_KEK_COMMAND where they are set.',
    environment: 'Start the service with SPANLEDGER_KEK set to the new key.',
    command: 'Start the service with SPANLEDGER_KEK_COMMAND set to the command that prints the new key.',
  }[rotation.to];
  const how = outcome === 'finished' ? 'A change that was interrupted is finished: ' : '';
  return `${how}${formatCount(rotation.keys)} keys lie under the new key-encryption key; the one before opens nothing here.\n${start}\nBackups from before need the old key as long as they are kept. The change is recorded at the next start.\n`;
}
