import { memoryEpochKeys } from '@spanledger/ledger';
import { test } from 'vitest';
import { FaultyDisk } from '../../support/ledger/faulty-disk.ts';
import { MemoryDisk, type Survives } from '../../support/ledger/memory-disk.ts';
import { scratchDirectory } from '../../support/ledger/scratch.ts';
import { FAULT_TEST_TIMEOUT_MS, live, newLog, operationsOfLife, reopenAndCheck } from './support.ts';

/** Numbers from 0 to 1 that look random and are the same in every run (Lehmer's generator). */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
}

const random = randomNumbers(11);
const fates: [name: string, survives: Survives][] = [
  ['all of the unsynced', () => true],
  ['nothing of the unsynced', () => false],
  ['some of the unsynced, in any order', () => random() < 0.5],
];

// With all of it left, it is as if only the process had died.
test.each(fates)(
  'the power may be cut at any operation and leave %s',
  async (fate, survives) => {
    const operations = await operationsOfLife();
    const directory = await scratchDirectory();
    for (let at = 0; at < operations.length; at++) {
      const disk = new MemoryDisk(directory);
      const log = newLog(directory, memoryEpochKeys());
      // In every other round the cut meets a log that has something to lose already.
      if (at % 2 === 0) await live(log, disk, () => false);
      const files = new FaultyDisk(disk, undefined, at);
      await live(log, files, () => files.isDead);
      log.told.isKilled = true;
      disk.cutPower(survives);
      await reopenAndCheck(log, disk, `cut at operation ${at}, ${fate}`);
    }
  },
  FAULT_TEST_TIMEOUT_MS,
);

// What a process left in memory is there for the next one to read, and to build upon, and may still go with the power.
test(
  'a process may end at any operation, and the power be cut while the next one is taking up what it left',
  async () => {
    const operations = await operationsOfLife();
    const directory = await scratchDirectory();
    for (let at = 0; at < operations.length; at++) {
      const disk = new MemoryDisk(directory);
      const log = newLog(directory, memoryEpochKeys());
      const first = new FaultyDisk(disk, undefined, at);
      await live(log, first, () => first.isDead);
      log.told.isKilled = true;
      // Sometimes it has only begun, sometimes it has published and gone on.
      const second = new FaultyDisk(disk, undefined, Math.floor(random() * random() * operations.length));
      await live(log, second, () => second.isDead);
      disk.cutPower(() => random() < 0.5);
      await reopenAndCheck(log, disk, `ended at ${at}, cut after ${second.operations.length} more`);
    }
  },
  FAULT_TEST_TIMEOUT_MS,
);
