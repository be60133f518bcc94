import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Archive } from '@spanledger/audit-exporter';
import { dataDirectory, ExporterError } from '@spanledger/audit-exporter/directory';

/**
 * Opens the archive of a data directory, telling a name that is wrong, a permission that lacks and a part that is
 * missing apart.
 *
 * @throws ExporterError `archive_missing`, `data_directory_unusable`, and those of `openArchive`
 */
export async function openDirectory(directory: string, env: NodeJS.ProcessEnv): Promise<Archive> {
  demandLedger(directory);
  const { openArchive } = await import('@spanledger/audit-exporter');
  try {
    return await openArchive(directory, { env });
  } catch (error) {
    if (error instanceof ExporterError && isDenied(error.cause)) throw refusal(directory, error.cause);
    throw error;
  }
}

/**
 * Where the public files of a log are: `ledger/` of a data directory, or a folder that is itself a log, copied from
 * a web server, say, or written by other software.
 *
 * @throws ExporterError `archive_missing`, `data_directory_unusable`
 */
export function findLog(directory: string): string {
  const { root, ledger } = dataDirectory(directory);
  const isLog = attempt(root, () => statSync(join(root, 'checkpoint')).isFile());
  if (isLog === true && !existsSync(ledger)) return root;
  demandLedger(directory);
  return ledger;
}

/**
 * Holds a directory to having a ledger in it that this user may read.
 *
 * @throws ExporterError `archive_missing`, `data_directory_unusable`
 */
export function demandLedger(directory: string): void {
  const { root, ledger } = dataDirectory(directory);
  const found = attempt(root, () => statSync(root));
  if (found === undefined) {
    throw new ExporterError('archive_missing', `there is no directory ${root}`, {
      hint: 'Check the name; a data directory is a folder that holds ledger/ and ledger.vkey.',
    });
  }
  if (!found.isDirectory()) {
    throw new ExporterError('archive_missing', `${root} is a file, no directory`, {
      hint: 'Name the folder that holds ledger/ and ledger.vkey.',
    });
  }
  const readable = attempt(root, () => {
    accessSync(ledger, constants.R_OK | constants.X_OK);
    return true;
  });
  if (readable === undefined) {
    throw new ExporterError('archive_missing', `there is no ledger in ${root}`, {
      hint: 'Name a folder that holds ledger/ and ledger.vkey.',
    });
  }
}

/** What to do where another user's directory may not be read or written. */
export function describeOwner(directory: string): string {
  try {
    const { uid } = statSync(directory);
    if (uid !== process.getuid?.())
      return `Run it as the directory’s owner (uid ${uid}): sudo -u '#${uid}' …`;
    return `It is this user’s own: chmod -R u+rwX ${directory}`;
  } catch {
    return 'Run it as the owner of the directory.';
  }
}

/** What work returns; undefined where there is nothing of that name. */
function attempt<T>(root: string, work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if (isDenied(error)) throw refusal(root, error);
    return undefined;
  }
}

function refusal(directory: string, cause: unknown): ExporterError {
  const { root } = dataDirectory(directory);
  return new ExporterError('data_directory_unusable', `this user may not read ${root}`, {
    cause,
    hint: describeOwner(root),
  });
}

function isDenied(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'EACCES' || error.code === 'EPERM');
}
