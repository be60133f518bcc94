import type { KeyObject } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { fileTiles, type Ledger, LedgerReader, openLedger, type WritableStorage } from '@spanledger/ledger';
import type { TileSource } from '@spanledger/ledger/verify';
import type { Logger } from 'pino';
import type { Closers } from './closers.ts';
import type { Config } from './config/index.ts';
import { type DataDirectory, dataDirectory } from './data-directory.ts';
import { lockDirectory } from './directory-lock.ts';
import { environmentKek } from './environment-kek.ts';
import { ExporterError } from './errors.ts';
import { loadLogIdentity, type LogIdentity } from './log-identity.ts';
import {
  checkVault,
  destroyOrphanedKeys,
  fileEpochKeys,
  loadIndexKey,
  loadKek,
  loadReferenceKey,
  readKeyFile,
  References,
  rememberReferences,
  settleKekRotation,
  Vault,
} from './privacy/index.ts';
import { awaitPublished, logWitness } from './witnesses.ts';

/** What everything else of a service rests on. */
export interface LedgerAndVault extends LogIdentity {
  paths: DataDirectory;
  ledger: Ledger;
  /** The log's files. */
  source: TileSource;
  reader: LedgerReader;
  vault: Vault;
  references: References;
  keys: {
    /** The key-encryption key where the environment brought it, base64. */
    brought: string | undefined;
    reference: KeyObject;
    /** 32 bytes. */
    index: Uint8Array;
  };
  /** Logs what is tried again. */
  onError: (error: unknown) => void;
}

/**
 * Locks the data directory and opens ledger and vault, which must belong together; what a crash left behind is taken up.
 *
 * @throws ExporterError `data_directory_locked`, `data_directory_unusable`, `key_missing`, `key_mismatch`, `vault_ahead`,
 *   `vault_damaged`, `vault_mismatch`, `vault_missing`; LedgerError for a damaged or locked ledger
 */
export async function openLedgerAndVault(
  config: Config,
  log: Logger,
  closers: Closers,
): Promise<LedgerAndVault> {
  const { paths, storage } = await openDirectory(config, closers);
  await settleRotation(paths, log);
  const brought = await environmentKek(config);
  // What lies under one already needs that one.
  const isNew = (await readKeyFile(paths.indexKeyFile)) === undefined;
  const kek = await loadKek(paths.kekFile, brought, isNew);
  const { origin, signers } = await loadLogIdentity(paths, config);
  const [signer, ...laterSigners] = signers;
  const referenceKey = await loadReferenceKey(paths.referenceKeyFile, kek, true);
  const indexKey = await loadIndexKey(paths.indexKeyFile, kek, true);
  const epochKeys = fileEpochKeys(paths.epochKeys, kek);

  const vault = new Vault({ file: paths.vaultFile, kek });
  closers.add(() => {
    vault.close();
  });
  vault.demandSound();
  const onError = (error: unknown): void => {
    log.error({ err: error }, 'the ledger could not finish a step and tries again');
  };
  const ledger = await openLedger({
    storage,
    signer,
    signers: laterSigners,
    epochKeys,
    publishIntervalMs: config.publishIntervalMs,
    segmentMaxAgeMs: config.segmentMaxAgeMs,
    ...(config.witnessing && {
      witnessing: { ...config.witnessing, onChange: (witness) => logWitness(witness, log) },
    }),
    onError,
  });
  closers.add(() => ledger.close());
  await awaitPublished(ledger, config.witnessing);
  const source = fileTiles(paths.ledger);
  const reader = new LedgerReader(source);
  // Before anything is destroyed or moved.
  const lost = await checkVault({
    vault,
    file: paths.vaultFile,
    size: ledger.sizes().durable,
    journalFrom: ledger.journal.segments()[0]?.first ?? ledger.sizes().durable,
    leafHash: async (index) => Buffer.from(await reader.leafHash(index)).toString('hex'),
    acceptLost: config.acceptLostOpenings,
  });
  if (lost > 0) {
    log.warn({ records: lost }, 'privacy.accept_lost_openings: records go on without their opened groups');
  }
  await destroyOrphanedKeys(paths.epochKeys, epochKeys, ledger.journal);

  const references = new References(referenceKey, vault);
  await rememberReferences(ledger.journal, references);
  return {
    paths,
    origin,
    signers,
    ledger,
    source,
    reader,
    vault,
    references,
    keys: { brought, reference: referenceKey, index: indexKey },
    onError,
  };
}

/** Ends a change of the key-encryption key that was interrupted, before anything is opened under either. */
async function settleRotation(paths: DataDirectory, log: Logger): Promise<void> {
  const interrupted = await settleKekRotation(paths);
  if (interrupted?.state === 'finished') {
    const { from, to } = interrupted.rotation;
    log.warn(
      { from, to },
      'a change of the key-encryption key that was interrupted is finished: the new one counts',
    );
  } else if (interrupted !== undefined) {
    log.warn('a change of the key-encryption key that was interrupted is undone: the one before counts');
  }
}

async function openDirectory(
  config: Config,
  closers: Closers,
): Promise<{ paths: DataDirectory; storage: WritableStorage }> {
  const paths = dataDirectory(config.dataDirectory);
  try {
    await mkdir(paths.root, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw new ExporterError('data_directory_unusable', `${paths.root} cannot be created`, {
      cause,
      hint: 'Name a folder that this user may write to (--data, SPANLEDGER_DATA_DIRECTORY).',
    });
  }
  const storage = await lockDirectory(paths.root);
  closers.add(() => storage.release());
  return { paths, storage };
}
