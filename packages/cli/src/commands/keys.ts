import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { dataDirectory } from '@spanledger/audit-exporter';
import type { Command } from 'commander';
import { describeLocation, locate, openPublicLog } from '../connection.ts';
import type { Context } from '../context.ts';
import { addExamples, addSourceOptions, type SourceOptions } from '../options.ts';
import { renderJsonLine } from '../output/json.ts';
import { addKeyChanges } from './keys-change.ts';
import { addKeysList } from './keys-list.ts';
import { addRotateKek } from './keys-rotate-kek.ts';

/** A key file of a data directory; what it holds is never read here. */
export interface KeyFile {
  purpose: string;
  path: string;
  /** Octal permissions, `0600`; absent where there is no such file. */
  mode?: string;
}

/** `spanledger keys`: the log's verification key, and where the secret ones lie. */
export function addKeys(program: Command, context: Context): void {
  const command = program
    .command('keys')
    .summary('show the log’s keys, and change them')
    .description(
      'Prints the verification key of the ledger, which everybody may have, and says where the secret keys lie. ' +
        'It never prints a secret one.',
    )
    .enablePositionalOptions()
    .action((options: SourceOptions) => showKeys(options, context));
  addKeysList(command, context);
  addKeyChanges(command, context);
  addRotateKek(command, context);
  addExamples(addSourceOptions(command), [
    'spanledger keys',
    'spanledger keys --json | jq -r .vkey > ledger.vkey',
    'spanledger keys list',
    'spanledger keys rotate',
    'spanledger keys rotate-kek',
  ]);
}

async function showKeys(options: SourceOptions, context: Context): Promise<void> {
  const location = await locate(options, context);
  const vkey = await (await openPublicLog(location)).vkey();
  const files = location.kind === 'directory' ? await keyFiles(location.directory) : [];
  const origin = vkey.slice(0, Math.max(0, vkey.indexOf('+')));
  const where = describeLocation(location);
  if (options.json === true) {
    context.out(renderJsonLine({ origin, vkey, source: where, files }));
    return;
  }
  const present = files.map(
    ({ purpose, path, mode }) => `  ${mode ?? '----'}  ${path}\n        ${purpose}\n`,
  );
  context.out(`Verification key of ${origin}, from ${where}; give it to whoever verifies:\n\n  ${vkey}\n`);
  if (present.length > 0) context.out(`\nSecret keys, to be kept and backed up:\n\n${present.join('')}`);
}

/** The secret keys of a data directory and their permissions. */
export async function keyFiles(directory: string): Promise<KeyFile[]> {
  const paths = dataDirectory(directory);
  const names = await readdir(paths.keys).catch(() => []);
  const laterKeys = names
    .filter((name) => /^ledger-[0-9a-f]{8}\.key$/.test(name))
    .map((name) => ({
      purpose: 'signs the checkpoints since a change of keys',
      path: join(paths.keys, name),
    }));
  const files: KeyFile[] = [
    { purpose: 'signs the checkpoints; who has it can write another log', path: paths.ledgerKeyFile },
    ...laterKeys,
    { purpose: 'wraps all other keys; without it no opened group can be read', path: paths.kekFile },
    { purpose: 'finds values in the index', path: paths.indexKeyFile },
    { purpose: 'finds the references of subjects and sessions', path: paths.referenceKeyFile },
  ];
  return Promise.all(
    files.map(async (file) => {
      const found = await stat(file.path).catch(() => undefined);
      return found === undefined ? file : { ...file, mode: octal(found.mode) };
    }),
  );
}

/** The permission bits of a file's mode, `0600`. */
function octal(mode: number): string {
  return (mode & 0o7777).toString(8).padStart(4, '0');
}
