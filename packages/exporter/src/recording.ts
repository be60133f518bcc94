import type { Logger } from 'pino';
import { startPolicy } from './audit-policy.ts';
import type { Closers } from './closers.ts';
import type { Config } from './config/index.ts';
import { type DataMinimisation, startMinimisation } from './data-minimisation.ts';
import { DerivedRecords } from './derived-records.ts';
import type { LedgerAndVault } from './ledger-and-vault.ts';
import type { PolicyInForce } from './policy/index.ts';
import type { RequestLoad } from './request-load.ts';
import { Intake, keepProducers, Producers, restoreProducers } from './receive/index.ts';

/** Everything that appends records. */
export interface Recording {
  intake: Intake;
  producers: Producers;
  minimisation: DataMinimisation;
  /** Undefined where there is no audit policy. */
  policy: PolicyInForce | undefined;
  /** What followers derive is appended by. */
  derived: DerivedRecords;
}

/**
 * Joins what a record passes on its way into the ledger; it is stopped by `closers`.
 *
 * @throws ExporterError for an audit policy that cannot be read
 */
export async function startRecording(
  config: Pick<Config, 'minimisation' | 'policy'>,
  opened: LedgerAndVault,
  load: RequestLoad,
  closers: Closers,
  log: Logger,
): Promise<Recording> {
  const { paths, ledger, reader, references, keys, onError } = opened;
  const producers = new Producers();
  await restoreProducers(paths.producersFile, producers, { reader, size: ledger.sizes().durable });
  const minimisation = startMinimisation(config.minimisation, keys.reference, log);
  const intake = new Intake({ ledger, references, producers, load, minimise: minimisation.minimise });
  closers.add(keepProducers(paths.producersFile, intake, onError));
  const policy = await startPolicy({
    policy: config.policy,
    paths,
    ledger,
    reader,
    producers,
    append: (drafts) => intake.record(drafts),
    closers,
    log,
  });
  if (policy !== undefined) intake.applyPolicy(policy);
  const derived = new DerivedRecords({
    append: (drafts) => intake.recordDerived(drafts),
    hasten: () => {
      ledger.hasten();
    },
    durableSize: () => ledger.sizes().durable,
    log,
  });
  // Before the rest of the log is published and followed: what is derived later is recorded after the next start.
  closers.add(() => derived.stop());
  return { intake, producers, minimisation, policy, derived };
}
