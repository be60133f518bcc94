import type { JsonObject } from '@spanledger/record';
import { openArchive } from '@spanledger/audit-exporter';
import { runDemoOnce } from '../../e2e/demo/demo-run.ts';

const PAGE = 1_000;

/** Opened documents as they are indexed: those of a demo that just ran, oldest first. */
export async function demoRecords(): Promise<JsonObject[]> {
  const demo = await runDemoOnce({});
  try {
    if (demo.exitCode !== 0) throw new Error(demo.stderr);
    const archive = await openArchive(demo.directory);
    const records: JsonObject[] = [];
    let cursor: string | undefined;
    do {
      const page = await archive.search({
        query: '*',
        limit: PAGE,
        order: 'asc',
        ...(cursor !== undefined && { cursor }),
      });
      records.push(...page.records);
      cursor = page.next;
    } while (cursor !== undefined);
    await archive.close();
    return records;
  } finally {
    await demo.remove();
  }
}
