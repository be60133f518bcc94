import { join } from 'node:path';
import { fileTiles, LedgerReader } from '@spanledger/ledger';
import { waitFor } from '../../support/exporter/service.ts';

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
