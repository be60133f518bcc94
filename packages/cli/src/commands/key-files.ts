import { existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { SetupChange } from '@spanledger/audit-exporter';
import { CliError } from '../errors.ts';

/**
 * Where each new API key goes; looked at before any key is made, since a key cannot be asked for twice.
 *
 * @param mayReplace - whether files that are there are replaced
 * @returns paths by the keys' names
 * @throws CliError `file_unreadable` if the folder cannot be made, `usage` if a file is in the way
 */
export function keyFilesOf(
  directory: string,
  changes: readonly SetupChange[],
  mayReplace = false,
): Map<string, string> {
  const files = new Map<string, string>();
  for (const { kind, name } of changes) {
    if (kind === 'api_key') files.set(name, join(resolve(directory), `${name}.key`));
  }
  if (files.size === 0) return files;
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw new CliError('file_unreadable', `${directory}: cannot be made`, { cause });
  }
  const taken = [...files.values()].filter((file) => existsSync(file));
  if (taken.length > 0 && !mayReplace) {
    throw new CliError(
      'usage',
      `${taken.join(', ')}: is there already, and the server does not have its key`,
      {
        hint: 'Name another folder with --keys-dir, remove the file, or replace it with --new-keys.',
      },
    );
  }
  return files;
}

/** Writes a key for its owner alone; whole, or not at all. */
export function writeKeyFile(file: string, key: string): void {
  const part = `${file}.${process.pid}.part`;
  writeFileSync(part, `${key}\n`, { mode: 0o600, flag: 'wx' });
  renameSync(part, file);
}
