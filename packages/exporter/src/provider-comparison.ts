import { setTimeout as delay } from 'node:timers/promises';
import type { Ledger } from '@spanledger/ledger';
import type { RecordDraft } from '@spanledger/record';
import type { Logger } from 'pino';
import type { Archive } from './archive-types.ts';
import type { DataDirectory } from './data-directory.ts';
import { ExporterError } from './errors.ts';
import { type KeycloakConfig, Reconciler } from './reconcile/index.ts';

/** An index that takes longer than this to catch up is not waited for: the window is compared later. */
const CATCH_UP_MS = 30_000;
const POLL_MS = 50;

/** What comparing a provider's events with the ledger takes of the service. */
export interface ProviderComparisonOptions {
  keycloak: KeycloakConfig;
  paths: DataDirectory;
  archive: Pick<Archive, 'search'>;
  ledger: Pick<Ledger, 'published' | 'sizes'>;
  /** The first ledger index that searches do not find yet. */
  indexed: () => number;
  append: (drafts: readonly RecordDraft[]) => Promise<void>;
  log: Logger;
}

/** Starts to compare the events of the configured realm with the ledger. */
export async function startComparison(options: ProviderComparisonOptions): Promise<Reconciler> {
  const { keycloak, paths, archive, ledger, indexed, append, log } = options;
  const reconciler = new Reconciler({
    keycloak,
    stateFile: paths.reconcilerFile,
    records: archive,
    append,
    log,
    async caughtUp() {
      const { durable } = ledger.sizes();
      const deadline = AbortSignal.timeout(CATCH_UP_MS);
      await ledger.published(durable, deadline);
      while (indexed() < durable) {
        if (deadline.aborted) {
          throw new ExporterError('service_busy', 'the index is behind the ledger', {
            hint: 'The comparison with the provider waits until it has caught up.',
          });
        }
        await delay(POLL_MS);
      }
    },
  });
  await reconciler.start();
  return reconciler;
}
