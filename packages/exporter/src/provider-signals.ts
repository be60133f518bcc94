import type { Ledger, LedgerReader } from '@spanledger/ledger';
import type { RecordDraft } from '@spanledger/record';
import type { Logger } from 'pino';
import type { Closers } from './closers.ts';
import type { Config } from './config/index.ts';
import type { DataDirectory } from './data-directory.ts';
import { Signals } from './signals/index.ts';

/** What taking in the signals of providers takes of the service. */
export interface ProviderSignalsOptions {
  config: Pick<Config, 'providers'>;
  paths: DataDirectory;
  ledger: Pick<Ledger, 'sizes'>;
  reader: Pick<LedgerReader, 'entries'>;
  append: (drafts: readonly RecordDraft[]) => Promise<void>;
  closers: Closers;
  log: Logger;
}

/** Begins to take in what the configured providers tell; undefined where there is none. */
export async function openSignals(options: ProviderSignalsOptions): Promise<Signals | undefined> {
  const { config, paths, ledger, reader, append, closers, log } = options;
  if (config.providers.length === 0) return undefined;
  const signals = new Signals({
    providers: config.providers,
    directory: paths.signals,
    log,
    record: append,
    size: () => ledger.sizes().durable,
  });
  closers.add(() => signals.stop());
  await signals.start(reader);
  return signals;
}
