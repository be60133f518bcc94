import { generateSigner, memoryEpochKeys } from '@spanledger/ledger';
import { expect, test } from 'vitest';
import type { OpenFile } from '../../../packages/ledger/src/files.ts';
import { openLedgerWith } from '../../../packages/ledger/src/ledger.ts';
import { makeBatch } from '../../support/ledger/batches.ts';
import { MemoryFiles } from '../../support/ledger/memory-files.ts';
import { scratchDirectory } from '../../support/ledger/scratch.ts';

const SEGMENT_MAX_AGE_MS = 20;

/** A disk on which files can be made, and no segment written: it has no room for more than names. */
class FullDisk extends MemoryFiles {
  isFull = false;

  override async create(path: string): Promise<OpenFile> {
    const file = await super.create(path);
    if (!path.endsWith('.segment')) return file;
    return {
      write: (buffers, position) =>
        this.isFull ? Promise.reject(new Error('ENOSPC')) : file.write(buffers, position),
      datasync: () => file.datasync(),
      truncate: (sizeBytes) => file.truncate(sizeBytes),
      read: (buffer, position) => file.read(buffer, position),
      size: () => file.size(),
      close: () => file.close(),
    };
  }
}

test('a segment that could not be written for longer than its age is closed by age once it could', async () => {
  const directory = await scratchDirectory();
  const disk = new FullDisk(directory);
  const ledger = await openLedgerWith(
    {
      directory,
      signer: generateSigner('example.com/fault'),
      epochKeys: memoryEpochKeys(),
      publishIntervalMs: 2,
      segmentMaxAgeMs: SEGMENT_MAX_AGE_MS,
      onError: () => undefined,
    },
    disk,
  );
  disk.isFull = true;
  await expect(ledger.append(makeBatch({ count: 1, label: 'refused' }))).rejects.toThrow();
  await new Promise((resolve) => setTimeout(resolve, 3 * SEGMENT_MAX_AGE_MS));
  disk.isFull = false;
  await ledger.append(makeBatch({ count: 1, label: 'taken' }));
  await expect
    .poll(() => ledger.journal.segments().map(({ closed }) => closed), { interval: 5, timeout: 5000 })
    .toEqual([true]);
  await ledger.close();
});
