import type { Logger } from 'pino';
import type { Closers } from './closers.ts';
import type { Config } from './config/index.ts';
import { type FollowerReaders, openFollowerReaders } from './follower-readers.ts';
import { FollowerThreads } from './followers/index.ts';
import type { LedgerAndVault } from './ledger-and-vault.ts';
import type { OpeningsReader } from './openings.ts';
import type { RequestLoad } from './request-load.ts';
import { journalAndVaultOpenings, VaultFollower } from './privacy/index.ts';
import { awaitPublished } from './witnesses.ts';

/** What follows the log and the journal. */
export interface Following {
  threads: FollowerThreads;
  /** Not started yet. */
  vaultFollower: VaultFollower;
  openings: OpeningsReader;
  readers: FollowerReaders;
}

/**
 * Starts the threads that follow the log and opens what they write. When `closers` stop them, everything is published,
 * followed and re-sealed before.
 */
export async function startFollowing(
  config: Config,
  opened: LedgerAndVault,
  load: RequestLoad,
  closers: Closers,
  log: Logger,
): Promise<Following> {
  const { paths, ledger, vault, references, keys } = opened;
  const threads = await FollowerThreads.start({
    data: {
      dataDirectory: paths.root,
      requestLoad: load.memory,
      environmentKek: keys.brought,
      sessions: config.sessions,
      elasticsearch: config.elasticsearch,
      alerts: config.alerts,
      deliver: config.deliver,
      completeness: config.completeness,
      retention: config.retention,
    },
    ledger,
    log,
  });
  closers.add(() => threads.stop());
  const vaultFollower = new VaultFollower({
    journal: ledger.journal,
    seal: (segment, end) => threads.seal(segment, end),
    references,
    publishedSize: () => ledger.sizes().published,
    onError: (error) => {
      log.error({ err: error }, 'moving openings into the vault failed and is tried again');
    },
  });
  // Runs before the threads end and the ledger closes: by then all of it is published.
  closers.add(() => vaultFollower.finish());
  // The journal first: what it no longer has when it is asked, the vault has by then.
  const openings = journalAndVaultOpenings(ledger.journal, vault);
  const readers = openFollowerReaders({
    paths,
    key: keys.index,
    openings,
    hasAlerts: config.alerts.isEnabled,
    closers,
  });
  closers.add(() => threads.drain());
  closers.add(() => awaitPublished(ledger, config.witnessing));
  return { threads, vaultFollower, openings, readers };
}
