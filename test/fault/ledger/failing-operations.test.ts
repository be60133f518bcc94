import { memoryEpochKeys } from '@spanledger/ledger';
import { expect, test } from 'vitest';
import { checkpointOf } from '../../../packages/ledger/src/publish/history-notes.ts';
import { splitNotes } from '../../../packages/ledger/src/verify/history-file.ts';
import { FaultyDisk } from '../../support/ledger/faulty-disk.ts';
import { MemoryDisk } from '../../support/ledger/memory-disk.ts';
import { scratchDirectory } from '../../support/ledger/scratch.ts';
import {
  expectPromisesKept,
  FAULT_TEST_TIMEOUT_MS,
  live,
  look,
  newLog,
  openOn,
  operationsOfLife,
  reopenAndCheck,
  send,
} from './support.ts';

test.each(['before', 'after'] as const)(
  'any one operation may fail %s it took effect',
  async (when) => {
    const operations = await operationsOfLife();
    const directory = await scratchDirectory();
    for (let at = 0; at < operations.length; at++) {
      const disk = new MemoryDisk(directory);
      const files = new FaultyDisk(disk, { at, when });
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

/** A disk on which `checkpoint` cannot be replaced for a while. */
class StuckCheckpoint extends MemoryDisk {
  attempts = 0;
  isStuck = false;

  override rename(from: string, to: string): Promise<void> {
    if (!this.isStuck || !to.endsWith('/checkpoint')) return super.rename(from, to);
    this.attempts++;
    return Promise.reject(new Error('stuck'));
  }
}

test('the history gets ahead of the checkpoint by one, however long that cannot be replaced', async () => {
  const directory = await scratchDirectory();
  const disk = new StuckCheckpoint(directory);
  const log = newLog(directory, memoryEpochKeys());
  const ledger = await openOn(log, disk, () => undefined);
  disk.isStuck = true;
  for (let round = 1; round <= 4; round++) {
    await send(log, ledger, `round${round}`, round);
    await expect.poll(() => disk.attempts, { interval: 1, timeout: 10_000 }).toBeGreaterThanOrEqual(round);
    expect(ledger.sizes().published).toBe(0);
  }
  const history = await disk.readFile(`${directory}/ledger/checkpoints/${'0'.repeat(20)}`);
  expect(splitNotes(history.toString()).notes.map((note) => checkpointOf(note)?.size)).toEqual([0, 1]);
  disk.isStuck = false;
  await ledger.published(10);
  await ledger.close();
  await look(log, disk);
  await expectPromisesKept(log, disk, 'after it was stuck');
});
