import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { Archive, ClientTls } from '@spanledger/audit-exporter';
import { dataDirectory, ExporterError } from '@spanledger/audit-exporter/directory';
import {
  fileTiles,
  KEYS_PATH,
  parallelBundles,
  type VerifyLedgerOptions,
} from '@spanledger/ledger/directory';
import type { LedgerReader } from '@spanledger/ledger';
import type { TileSource } from '@spanledger/ledger/verify';
import type { Context } from './context.ts';
import { readCredentials, type Credentials } from './credentials.ts';
import { findLog, openDirectory } from './directory-access.ts';
import { CliError } from './errors.ts';
import type { SourceOptions } from './options.ts';

const PROBE_TIMEOUT_MS = 1500;
const MAX_PROBE_BYTES = 64 * 1024;

/** Where an audit trail is. */
export type Location =
  { kind: 'directory'; directory: string } | { kind: 'service'; url: string; credentials: Credentials };

/** The public part of a log: what verifying it takes, and no key that is secret. */
export interface PublicLog {
  tiles: TileSource;
  /** Reads entries in several threads; only where the log is in a directory. */
  openBundles?: NonNullable<VerifyLedgerOptions['openBundles']>;
  vkey: () => Promise<string>;
  /** What the log states about its keys; undefined of a log that has had one key only. */
  keys: () => Promise<string | undefined>;
  /** The tlog-proof of an entry; undefined where the log has none at this index. */
  proof: (index: number) => Promise<string | undefined>;
}

/**
 * Decides where to look: `--data`, `--url`, `SPANLEDGER_URL`, the service on this machine if it answers, the default
 * data directory if it exists.
 *
 * @throws ExporterError `archive_unreachable` if none of them is there; CliError `usage`
 */
export async function locate(options: SourceOptions, context: Context): Promise<Location> {
  if (options.data !== undefined) return { kind: 'directory', directory: options.data };
  const credentials = readCredentials(options, context);
  const url = options.url ?? nonEmpty(context.env['SPANLEDGER_URL']);
  if (url !== undefined) return { kind: 'service', url: checkUrl(url), credentials };
  const usual = await usualPlace(context.env);
  if (await answers(usual.url, credentials)) return { kind: 'service', url: usual.url, credentials };
  if (existsSync(usual.directory)) return { kind: 'directory', directory: usual.directory };
  throw new ExporterError(
    'archive_unreachable',
    `no service answers at ${usual.url}, and there is no data directory at ${usual.directory}`,
    { hint: 'Start one with: spanledger serve. Or name another with --url or --data.' },
  );
}

/** Opens the audit trail at a location, calls `work` with it, and closes it. */
export async function withArchive<T>(
  options: SourceOptions,
  context: Context,
  work: (archive: Archive, location: Location) => Promise<T>,
): Promise<T> {
  const location = await locate(options, context);
  const archive =
    location.kind === 'directory'
      ? await openDirectory(location.directory, context.env)
      : await connectService(location.url, location.credentials);
  try {
    return await work(archive, location);
  } finally {
    await archive.close();
  }
}

/** The public part of the log at a location; of a directory, only its log and `ledger.vkey` are read. */
export async function openPublicLog(location: Location): Promise<PublicLog> {
  if (location.kind === 'service') {
    const archive = await connectService(location.url, location.credentials);
    return {
      tiles: archive.tiles,
      vkey: () => archive.vkey(),
      keys: () => readKeys(archive.tiles),
      proof: (index) => archive.proof(String(index)),
    };
  }
  const ledger = findLog(location.directory);
  const tiles = fileTiles(ledger);
  const { vkeyFile } = dataDirectory(location.directory);
  let reader: Promise<LedgerReader> | undefined;
  return {
    tiles,
    openBundles: parallelBundles(ledger),
    keys: () => readKeys(tiles),
    proof: async (index) => {
      const { LedgerError } = await import('@spanledger/ledger');
      reader ??= newReader(tiles);
      try {
        return await (await reader).tlogProof(index);
      } catch (error) {
        if (error instanceof LedgerError && error.code === 'out_of_range') return undefined;
        throw error;
      }
    },
    vkey: async () => {
      try {
        return (await readFile(vkeyFile, 'utf8')).trim();
      } catch (cause) {
        const hint = 'Name the verification key with --vkey.';
        throw new ExporterError('archive_missing', `${vkeyFile} cannot be read`, { cause, hint });
      }
    },
  };
}

async function newReader(tiles: TileSource): Promise<LedgerReader> {
  const { LedgerReader } = await import('@spanledger/ledger');
  return new LedgerReader(tiles);
}

async function readKeys(tiles: TileSource): Promise<string | undefined> {
  const bytes = await tiles.read(KEYS_PATH);
  return bytes && new TextDecoder().decode(bytes);
}

/** A location in words. */
export function describeLocation(location: Location): string {
  return location.kind === 'service' ? location.url : location.directory;
}

/** Where `serve` listens and keeps its data when its command line says nothing else. */
export async function usualPlace(env: NodeJS.ProcessEnv): Promise<{ url: string; directory: string }> {
  const { DEFAULT_PORT, isLoopback, loadConfig } = await import('@spanledger/audit-exporter');
  const { host, port, dataDirectory: directory, tls } = loadConfig({ env });
  // An address that stands for all of them is none to ask.
  const name = isLoopback(host) ? host : '127.0.0.1';
  return {
    url: `${tls === undefined ? 'http' : 'https'}://${name.includes(':') ? `[${name}]` : name}:${port === 0 ? DEFAULT_PORT : port}`,
    directory,
  };
}

/** Whether a service answers at an address. */
export async function answers(url: string, { tls }: Credentials): Promise<boolean> {
  try {
    const ask = tls === undefined ? fetch : await fetchWith(tls);
    const response = await ask(new URL('healthz', `${url}/`), {
      signal: AbortSignal.timeout(PROBE_TIMEOUT_MS),
    });
    await response.body?.cancel();
    return response.ok;
  } catch {
    // Refused, timed out, or something that does not speak HTTP: no service.
    return false;
  }
}

async function fetchWith(tls: ClientTls): Promise<typeof fetch> {
  const { tlsFetch } = await import('@spanledger/audit-exporter');
  return tlsFetch(tls, MAX_PROBE_BYTES);
}

async function connectService(url: string, credentials: Credentials): Promise<Archive> {
  const { connectArchive } = await import('@spanledger/audit-exporter');
  return connectArchive(url, credentials);
}

function checkUrl(url: string): string {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed?.protocol === 'http:' || parsed?.protocol === 'https:') return url;
  throw new CliError('usage', `${url} is not the address of a service`, {
    hint: 'An address looks like http://127.0.0.1:4319.',
  });
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === undefined || text === '' ? undefined : text;
}
