import type { ServiceProcess } from '../../support/exporter/service-process.ts';
import { readEntries, startTestService, waitFor } from '../../support/exporter/service.ts';

/** What a busy machine may need for a full queue. */
const MAX_DRAIN_MS = 60_000;

/** How many records of spans the published log of a data directory has; what follows from spans is in the ledger too. */
export async function publishedSpans(directory: string): Promise<number> {
  return (await readEntries(directory)).filter(({ span }) => span !== undefined).length;
}

/** Waits until that many spans are published, of all directories together. */
export async function waitForRecords(count: number, ...directories: readonly string[]): Promise<void> {
  const sumOf = async (measure: (directory: string) => Promise<number>): Promise<number> => {
    const measured = await Promise.all(directories.map(measure));
    return measured.reduce((sum, one) => sum + one, 0);
  };
  await waitFor(`${count} spans`, async () => (await sumOf(publishedSpans)) >= count, MAX_DRAIN_MS);
}

/** Kills a service, and has another finish what it was about, so that the log can be verified as one that was closed. */
export async function settle(service: ServiceProcess, directory: string): Promise<void> {
  await service.kill();
  const after = await startTestService(directory);
  await after.close();
}
