import { existsSync } from 'node:fs';
import { access, readFile } from 'node:fs/promises';

import { fileTiles, LedgerReader } from '@spanledger/ledger';

import { openAlertList } from './alerts/index.ts';
import { createArchive } from './archive.ts';
import type { Archive } from './archive-types.ts';
import { dataDirectory } from './data-directory.ts';
import type { DataDirectory } from './data-directory.ts';
import { environmentKek, kekEnvironment } from './environment-kek.ts';
import { ExporterError } from './errors.ts';
import { lazyCompleteness } from './lazy-completeness.ts';
import { loadIndexKey, loadKek, openStoredOpenings } from './privacy/index.ts';
import { openSearchIndex } from './search/index.ts';
import { openSessions } from './sessions/index.ts';

/** What a data directory may need to be read. */
export interface StoredArchiveOptions {
  /** For `SPANLEDGER_KEK`; the process's own by default. */
  env?: Readonly<Record<string, string | undefined>>;
}

/**
 * Reads a data directory, with no service running or beside one. Nothing in it is changed.
 *
 * @param directory - the data directory
 * @throws ExporterError `archive_missing`, `key_missing`, `key_mismatch`, `vault_damaged`, `index_damaged`
 * @example
 * const archive = await openArchive('data');
 * const { records } = await archive.search({ query: 'event.outcome:failure' });
 */
export async function openArchive(directory: string, options: StoredArchiveOptions = {}): Promise<Archive> {
  const paths = dataDirectory(directory);
  const brought = await environmentKek(kekEnvironment(options.env ?? process.env));
  const vkey = await readVkey(paths);
  for (const file of [paths.vaultFile, paths.indexFile, paths.sessionsFile]) await demandFile(paths, file);
  const kek = await loadKek(paths.kekFile, brought, false);
  const key = await loadIndexKey(paths.indexKeyFile, kek, false);
  const source = fileTiles(paths.ledger);
  const opened: { close(): void }[] = [];
  const closeAll = (): void => {
    for (const room of opened.toReversed()) room.close();
  };
  try {
    const openings = await openStoredOpenings(paths, brought);
    opened.push(openings);
    const search = openSearchIndex({ file: paths.indexFile, key, openings, readOnly: true });
    opened.push(search);
    const sessions = openSessions({ file: paths.sessionsFile, key, openings, readOnly: true });
    opened.push(sessions);
    const completeness = lazyCompleteness({ file: paths.completenessFile, key });
    opened.push(completeness);
    // Records of older versions, or where that is switched off, were held against no rules.
    const alerts = existsSync(paths.alertsFile) ? openAlertList({ file: paths.alertsFile, key }) : undefined;
    if (alerts !== undefined) opened.push(alerts);
    const log = new LedgerReader(source);
    return createArchive({
      source,
      vkey: () => vkey,
      openings,
      search,
      sessions,
      completeness,
      ...(alerts !== undefined && { alerts }),
      async status() {
        const { origin, size } = await log.checkpoint();
        const lags = [search, sessions, ...(alerts === undefined ? [] : [alerts])].map((follower) => {
          return [follower.name, Math.max(0, size - follower.position())] as const;
        });
        return { origin, sizes: { published: size }, followers: Object.fromEntries(lags) };
      },
      async close() {
        closeAll();
      },
    });
  } catch (error) {
    closeAll();
    throw error;
  }
}

async function readVkey(paths: DataDirectory): Promise<string> {
  try {
    return (await readFile(paths.vkeyFile, 'utf8')).trim();
  } catch (cause) {
    throw missing(paths, paths.vkeyFile, cause);
  }
}

async function demandFile(paths: DataDirectory, file: string): Promise<void> {
  try {
    await access(file);
  } catch (cause) {
    throw missing(paths, file, cause);
  }
}

function missing({ root }: DataDirectory, file: string, cause: unknown): ExporterError {
  const hint = `name a data directory of the service, or run 'spanledger serve --data ${root}': it makes what is missing`;
  return new ExporterError('archive_missing', `There is no readable ${file}`, { cause, hint });
}
