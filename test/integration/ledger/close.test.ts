import { fileStorage, openLedger, type WritableStorage } from '@spanledger/ledger';
import { expect, test } from 'vitest';
import { makeBatch } from '../../support/ledger/batches.ts';
import { newHome } from '../../support/ledger/logs.ts';

const ROUNDS = 30;

test('once it is closed nothing is written any more, whenever that was', async () => {
  const { directory, signer, epochKeys } = await newHome();
  for (let round = 0; round < ROUNDS; round++) {
    const locked = await fileStorage(directory).lock('a test');
    let isClosed = false;
    const late: string[] = [];
    const storage: WritableStorage = {
      read: (name, range) => locked.read(name, range),
      list: (folder) => locked.list(folder),
      append: (...given) => locked.append(...given),
      remove: (names) => locked.remove(names),
      release: () => locked.release(),
      async put(files) {
        // Slow enough for a round of publishing to be due while another is under way.
        await new Promise((resolve) => setTimeout(resolve, 5));
        if (isClosed) late.push(...files.map(({ name }) => name));
        await locked.put(files);
      },
    };
    const ledger = await openLedger({ storage, signer, epochKeys, publishIntervalMs: 1 });
    for (let i = 0; i <= round % 5; i++) await ledger.append(makeBatch({ count: 1, label: `${round}-${i}` }));
    await ledger.close();
    isClosed = true;
    await new Promise((resolve) => setTimeout(resolve, 30));
    await locked.release();
    expect(late).toEqual([]);
  }
});
