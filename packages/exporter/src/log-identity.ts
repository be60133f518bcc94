import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { generateSigner, loadSigner, type NoteSigner } from '@spanledger/ledger';
import type { DataDirectory } from './data-directory.ts';
import { ExporterError } from './errors.ts';
import { listDirectory, readKeyFile, writeKeyFile } from './privacy/index.ts';
import { readStateFile, writeStateFile } from './state-file.ts';

/** Keys that came after the first, by their ID. */
const LATER_KEY = /^ledger-[0-9a-f]{8}\.key$/;

/** Who a log is: its origin and the keys that are held. */
export interface LogIdentity {
  origin: string;
  /** All keys that are held, the first key of the log before those that came later. */
  signers: [NoteSigner, ...NoteSigner[]];
}

/**
 * Loads who the log is: its origin and its signing keys. At the first start both are drawn, unless the configuration
 * brings a key. The origin is for good: every checkpoint and every record names it.
 *
 * @param configured what the configuration asks for: the origin, and key files outside of the data directory
 * @throws ExporterError `config_invalid` where the log has another origin already; `key_missing` where a configured key
 *   file is not there
 * @throws LedgerError `key_invalid`, `origin_invalid`
 */
export async function loadLogIdentity(
  paths: DataDirectory,
  configured: { origin: string | undefined; keyFiles: readonly string[] },
): Promise<LogIdentity> {
  const kept = (await readStateFile(paths.originFile))?.trim();
  if (kept !== undefined && configured.origin !== undefined && kept !== configured.origin) {
    throw new ExporterError(
      'config_invalid',
      `the log in ${paths.root} has the origin ${kept}, not ${configured.origin}`,
      { hint: 'An origin cannot change. Remove ledger.origin, or use another data directory.' },
    );
  }
  const origin = kept ?? configured.origin ?? `spanledger.local/${randomBytes(8).toString('hex')}`;
  const signers: NoteSigner[] = [];
  const firstPem = await readKeyFile(paths.ledgerKeyFile);
  if (firstPem !== undefined) signers.push(loadSigner(firstPem.toString(), origin));
  for (const file of configured.keyFiles) signers.push(await loadConfigured(file, origin));
  const later = (await listDirectory(paths.keys)).filter((name) => LATER_KEY.test(name)).sort();
  for (const name of later) {
    const pem = await readKeyFile(join(paths.keys, name));
    if (pem !== undefined) signers.push(loadSigner(pem.toString(), origin));
  }
  const [first = await drawFirst(paths, origin), ...others] = signers;
  if (kept === undefined) await writeStateFile(paths.originFile, `${origin}\n`);
  return { origin, signers: [first, ...others] };
}

/**
 * Draws a further key for a log. It is on the disk before it is used.
 *
 * @returns the key, which signs nothing before the ledger has stated it
 */
export async function drawLaterKey(paths: DataDirectory, origin: string): Promise<NoteSigner> {
  const signer = generateSigner(origin);
  const [, id = ''] = signer.vkey.split('+');
  await writeKeyFile(join(paths.keys, `ledger-${id}.key`), Buffer.from(signer.pem));
  return signer;
}

async function drawFirst(paths: DataDirectory, origin: string): Promise<NoteSigner> {
  const signer = generateSigner(origin);
  await writeKeyFile(paths.ledgerKeyFile, Buffer.from(signer.pem));
  return signer;
}

async function loadConfigured(file: string, origin: string): Promise<NoteSigner> {
  const hint =
    'Correct ledger.key_files, or restore the file: an Ed25519 private key in PEM that this user may read.';
  let pem: Buffer | undefined;
  try {
    pem = await readKeyFile(file);
  } catch (cause) {
    throw new ExporterError('key_missing', `ledger.key_files: ${file} cannot be read`, { cause, hint });
  }
  if (pem === undefined)
    throw new ExporterError('key_missing', `ledger.key_files: there is no ${file}`, { hint });
  return loadSigner(pem.toString(), origin);
}
