import { randomBytes } from 'node:crypto';
import { generateSigner, loadSigner, type NoteSigner } from '@spanledger/ledger';
import type { DataDirectory } from './data-directory.ts';
import { ExporterError } from './errors.ts';
import { readKeyFile, writeKeyFile } from './privacy/index.ts';
import { readStateFile, writeStateFile } from './state-file.ts';

/**
 * Loads who the log is: its origin and its signing key, drawn at the first start. Both are for good: every checkpoint
 * and every record names the origin.
 *
 * @param configured - the origin that the configuration asks for
 * @throws ExporterError `config_invalid` where the log has another origin already
 * @throws LedgerError `key_invalid`, `origin_invalid`
 */
export async function loadLogIdentity(
  paths: DataDirectory,
  configured: string | undefined,
): Promise<NoteSigner> {
  const kept = (await readStateFile(paths.originFile))?.trim();
  if (kept !== undefined && configured !== undefined && kept !== configured) {
    throw new ExporterError(
      'config_invalid',
      `the log in ${paths.root} has the origin ${kept}, not ${configured}`,
      {
        hint: 'An origin cannot change. Remove ledger.origin, or use another data directory.',
      },
    );
  }
  const origin = kept ?? configured ?? `spanledger.local/${randomBytes(8).toString('hex')}`;
  const pem = await readKeyFile(paths.ledgerKeyFile);
  const signer = pem === undefined ? await makeSigner(paths, origin) : loadSigner(pem.toString(), origin);
  if (kept === undefined) await writeStateFile(paths.originFile, `${origin}\n`);
  await writeStateFile(paths.vkeyFile, `${signer.vkey}\n`);
  return signer;
}

async function makeSigner(paths: DataDirectory, origin: string): Promise<NoteSigner> {
  const signer = generateSigner(origin);
  await writeKeyFile(paths.ledgerKeyFile, Buffer.from(signer.pem));
  return signer;
}
