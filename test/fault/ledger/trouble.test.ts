import { generateSigner, memoryEpochKeys, openLedger, type Ledger } from '@spanledger/ledger';
import { expect, onTestFinished, test } from 'vitest';
import type { FileHandle } from '../../../packages/ledger/src/storage/file-system.ts';
import { fileStorage } from '../../../packages/ledger/src/storage/file.ts';
import { makeBatch } from '../../support/ledger/batches.ts';
import { MemoryDisk } from '../../support/ledger/memory-disk.ts';
import { scratchDirectory } from '../../support/ledger/scratch.ts';

/** A disk on which some files cannot be written for a while. */
class TroubledDisk extends MemoryDisk {
  /** The error's code, and which paths it is about; undefined while all is well. */
  trouble: { code: string; paths: RegExp } | undefined;

  override async open(path: string, flags: 'r' | 'r+' | 'wx'): Promise<FileHandle> {
    const handle = await super.open(path, flags);
    return {
      ...handle,
      writev: async (buffers, position) => {
        const { trouble } = this;
        if (trouble?.paths.test(path) !== true) return await handle.writev(buffers, position);
        throw Object.assign(new Error(`${trouble.code}: in trouble, write`), { code: trouble.code });
      },
    };
  }
}

async function openTroubled(): Promise<{ disk: TroubledDisk; ledger: Ledger }> {
  const directory = await scratchDirectory();
  const disk = new TroubledDisk(directory);
  const ledger = await openLedger({
    storage: fileStorage(directory, disk),
    signer: generateSigner('example.com/trouble'),
    epochKeys: memoryEpochKeys(),
    publishIntervalMs: 2,
  });
  onTestFinished(() => ledger.close());
  return { disk, ledger };
}

const untilWell = async (ledger: Ledger): Promise<void> => {
  await expect.poll(() => ledger.trouble(), { interval: 5, timeout: 15_000 }).toBeUndefined();
};

test.each([
  ['ENOSPC', 'the disk is full (ENOSPC)', 'Make room'],
  ['EIO', 'the disk reports an input/output error (EIO)', 'Look at the system log'],
  ['EMFILE', 'this process has too many files open (EMFILE)', 'ulimit -n'],
  ['EROFS', 'the file system is read-only (EROFS)', 'remount'],
  ['EACCES', 'the permission is missing (EACCES)', 'access'],
])('%s: an append says what is wrong; whether it is over shows by itself', async (code, what, help) => {
  const { disk, ledger } = await openTroubled();
  await ledger.append(makeBatch({ count: 2, label: 'before' }));
  expect(ledger.trouble()).toBeUndefined();
  disk.trouble = { code, paths: /\/journal\// };
  const refused = await ledger
    .append(makeBatch({ count: 1, label: 'refused' }))
    .catch((error: unknown) => error);
  expect(refused).toMatchObject({
    code: 'append_failed',
    message: `the journal could not be written: ${what}`,
    hint: expect.stringContaining(help),
    cause: { code },
  });
  expect(ledger.trouble()).toBe(refused);
  // It is tried more than once, and stays so.
  await new Promise((resolve) => setTimeout(resolve, 1200));
  expect(ledger.trouble()).toBe(refused);
  disk.trouble = undefined;
  await untilWell(ledger);
  expect(disk.paths().filter((path) => path.includes('probe') || path.includes('.staging/'))).toEqual([]);
  await expect(ledger.append(makeBatch({ count: 1, label: 'after' }))).resolves.toEqual({
    first: 2,
    count: 1,
  });
});

test('an append that works ends the trouble at once', async () => {
  const { disk, ledger } = await openTroubled();
  disk.trouble = { code: 'ENOSPC', paths: /\/journal\// };
  await expect(ledger.append(makeBatch({ count: 1 }))).rejects.toMatchObject({ code: 'append_failed' });
  disk.trouble = undefined;
  await ledger.append(makeBatch({ count: 1 }));
  expect(ledger.trouble()).toBeUndefined();
});

test.each([
  ['tiles', /\/ledger\/\.staging\//, 'integrate_failed'],
  ['the history', /\/checkpoints\//, 'publish_failed'],
])('%s cannot be written: appends go on, it says so, and catches up', async (_what, paths, expected) => {
  const { disk, ledger } = await openTroubled();
  await ledger.append(makeBatch({ count: 1, label: 'before' }));
  await ledger.published(1);
  disk.trouble = { code: 'ENOSPC', paths };
  await ledger.append(makeBatch({ count: 1, label: 'during' }));
  await expect.poll(() => ledger.trouble()?.code, { interval: 5, timeout: 5000 }).toBe(expected);
  expect(ledger.trouble()?.message).toContain('the disk is full (ENOSPC)');
  expect(ledger.sizes()).toMatchObject({ durable: 2, published: 1 });
  disk.trouble = undefined;
  await untilWell(ledger);
  expect(ledger.sizes().published).toBe(2);
});
