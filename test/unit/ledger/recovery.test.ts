import { generateSigner, memoryEpochKeys, memoryStorage, openLedger } from '@spanledger/ledger';
import { expect, test, vi } from 'vitest';
import { splitEntries } from '../../../packages/ledger/src/journal/frame.ts';
import { makeBatch } from '../../support/ledger/batches.ts';

test('what only the journal holds is put into bundles again, wherever its groups end', async () => {
  const storage = await memoryStorage().lock('test');
  const options = { signer: generateSigner('example.com/log'), epochKeys: memoryEpochKeys() };
  const ledger = await openLedger({ ...options, storage });
  const put = vi.spyOn(storage, 'put').mockRejectedValue(new Error('the disk is full'));
  for (const count of [250, 6, 300, 44]) await ledger.append(makeBatch({ count }));
  await expect(ledger.close()).rejects.toThrow('the tiles could not be written');
  put.mockRestore();

  const reopened = await openLedger({ ...options, storage });
  await reopened.close();
  expect(reopened.sizes().published).toBe(600);
  for (const [name, count] of [
    ['000', 256],
    ['001', 256],
    ['002.p/88', 88],
  ] as const) {
    const bundle = await storage.read(`ledger/tile/entries/${name}`);
    expect(splitEntries(bundle ?? Buffer.alloc(0)), name).toHaveLength(count);
  }
});
