import { join } from 'node:path';
import { fileTiles, LedgerReader } from '@spanledger/ledger';
import type { ServiceProcess } from '../../support/exporter/service-process.ts';
import { startTestService, waitFor } from '../../support/exporter/service.ts';

/** What a busy machine may need for a full queue. */
const MAX_DRAIN_MS = 60_000;

/** How many entries the published log of a data directory has. */
export async function publishedSize(directory: string): Promise<number> {
  return (await new LedgerReader(fileTiles(join(directory, 'ledger'))).checkpoint()).size;
}

/** Waits until that many records are published, of all directories together. */
export async function waitForRecords(count: number, ...directories: readonly string[]): Promise<void> {
  await waitFor(
    `${count} records`,
    async () => {
      const sizes = await Promise.all(directories.map(publishedSize));
      return sizes.reduce((sum, size) => sum + size, 0) >= count;
    },
    MAX_DRAIN_MS,
  );
}

/** Kills a service, and has another finish what it was about, so that the log can be verified as one that was closed. */
export async function settle(service: ServiceProcess, directory: string): Promise<void> {
  await service.kill();
  const after = await startTestService(directory);
  await after.close();
}
