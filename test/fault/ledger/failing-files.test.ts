import { memoryEpochKeys } from '@spanledger/ledger';
import { expect, test } from 'vitest';
import { FaultyFiles } from '../../support/ledger/faulty-files.ts';
import { MemoryFiles } from '../../support/ledger/memory-files.ts';
import { scratchDirectory } from '../../support/ledger/scratch.ts';
import { FAULT_TEST_TIMEOUT_MS, live, newLog, operationsOfLife, reopenAndCheck } from './support.ts';

test.each(['before', 'after'] as const)(
  'any one operation may fail %s it took effect',
  async (when) => {
    const operations = await operationsOfLife();
    const directory = await scratchDirectory();
    for (let at = 0; at < operations.length; at++) {
      const disk = new MemoryFiles(directory);
      const files = new FaultyFiles(disk, { at, when });
      const log = newLog(directory, memoryEpochKeys());
      const ledger = await live(log, files, () => false);
      const context = `${when} ${files.operations[at]}`;
      expect(ledger, context).toBeDefined();
      // One failure makes at most the appends of one group fail, and those that were chained to it.
      expect(log.told.refused.size, context).toBeLessThanOrEqual(2);
      await reopenAndCheck(log, disk, context);
    }
  },
  FAULT_TEST_TIMEOUT_MS,
);

test('superseded partial tiles are gone, all others are there', async () => {
  const directory = await scratchDirectory();
  const disk = new MemoryFiles(directory);
  const log = newLog(directory, memoryEpochKeys());
  await live(log, disk, () => false);
  await live(log, disk, () => false);
  const partials = disk.paths().filter((path) => path.includes('.p/'));
  const paths = new Set(disk.paths());
  expect(partials.length).toBeGreaterThan(0);
  for (const path of partials) expect(paths.has(path.slice(0, path.indexOf('.p/'))), path).toBe(false);
});
