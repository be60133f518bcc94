import { setTimeout as delay } from 'node:timers/promises';
import type { Ledger, LedgerReader } from '@spanledger/ledger';
import type { RecordDraft } from '@spanledger/record';
import type { Logger } from 'pino';
import { z } from 'zod';
import type { Archive } from './archive-types.ts';
import type { Closers } from './closers.ts';
import type { Config } from './config/index.ts';
import type { DataDirectory } from './data-directory.ts';
import { type FindByEmail, Signals } from './signals/index.ts';

/** A search that takes longer is not waited for: the record says the address alone then. */
const MAX_LOOK_UP_MS = 2_000;

/** What is read of a document. */
const personDocument = z.object({ user: z.object({ id: z.string() }) });

/** What taking in the signals of providers takes of the service. */
export interface ProviderSignalsOptions {
  config: Pick<Config, 'providers'>;
  paths: DataDirectory;
  ledger: Pick<Ledger, 'sizes'>;
  reader: Pick<LedgerReader, 'entries'>;
  archive: Pick<Archive, 'search'>;
  append: (drafts: readonly RecordDraft[]) => Promise<void>;
  closers: Closers;
  log: Logger;
}

/** Begins to take in what the configured providers tell; undefined where there is none. */
export async function openSignals(options: ProviderSignalsOptions): Promise<Signals | undefined> {
  const { config, paths, ledger, reader, archive, append, closers, log } = options;
  if (config.providers.length === 0) return undefined;
  const signals = new Signals({
    providers: config.providers,
    directory: paths.signals,
    log,
    record: append,
    size: () => ledger.sizes().durable,
    findByEmail: lookUp(archive, log),
  });
  closers.add(() => signals.stop());
  await signals.start(reader);
  return signals;
}

/** Whom the newest record of the issuer with an email address is about. */
function lookUp(archive: Pick<Archive, 'search'>, log: Logger): FindByEmail {
  return async (issuer, email) => {
    const query = `user.email:${JSON.stringify(email)} and oidc.issuer:${JSON.stringify(issuer)} and user.id:*`;
    const found = archive
      .search({ query, limit: 1, order: 'desc' })
      .then(({ records: [newest] }) => personDocument.safeParse(newest).data?.user.id)
      .catch((error: unknown) => {
        log.warn({ err: error }, 'whom a signal is about could not be looked up');
        return undefined;
      });
    return Promise.race([found, delay(MAX_LOOK_UP_MS, undefined, { ref: false })]);
  };
}
