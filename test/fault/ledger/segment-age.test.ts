import { generateSigner, memoryEpochKeys, openLedger } from '@spanledger/ledger';
import { expect, test } from 'vitest';
import type { FileHandle } from '../../../packages/ledger/src/storage/file-system.ts';
import { fileStorage } from '../../../packages/ledger/src/storage/file.ts';
import { makeBatch } from '../../support/ledger/batches.ts';
import { MemoryDisk } from '../../support/ledger/memory-disk.ts';
import { scratchDirectory } from '../../support/ledger/scratch.ts';

const SEGMENT_MAX_AGE_MS = 20;

/** A disk on which files can be made, and no segment written: it has no room for more than names. */
class FullDisk extends MemoryDisk {
  isFull = false;

  override async open(path: string, flags: 'r' | 'r+' | 'wx'): Promise<FileHandle> {
    const handle = await super.open(path, flags);
    if (!path.endsWith('.segment')) return handle;
    return {
      ...handle,
      writev: (buffers, position) =>
        this.isFull ? Promise.reject(new Error('ENOSPC')) : handle.writev(buffers, position),
    };
  }
}

test('a segment that could not be written for longer than its age is closed by age once it could', async () => {
  const directory = await scratchDirectory();
  const disk = new FullDisk(directory);
  const ledger = await openLedger({
    storage: fileStorage(directory, disk),
    signer: generateSigner('example.com/fault'),
    epochKeys: memoryEpochKeys(),
    publishIntervalMs: 2,
    segmentMaxAgeMs: SEGMENT_MAX_AGE_MS,
    onError: () => undefined,
  });
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
