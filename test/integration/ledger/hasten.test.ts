import { openLedger } from '@spanledger/ledger';
import { expect, test } from 'vitest';
import { makeBatch } from '../../support/ledger/batches.ts';
import { newHome } from '../../support/ledger/logs.ts';

const INTERVAL_MS = 1_000;
const ROUNDS = 3;

test('what is hastened is published before the interval is over', async () => {
  const { directory, signer, epochKeys } = await newHome();
  const ledger = await openLedger({ directory, signer, epochKeys, publishIntervalMs: INTERVAL_MS });
  let count = 0;
  /** How long an entry that comes right after a checkpoint takes to be published. */
  const measure = async (hasten: boolean): Promise<number> => {
    const { durable } = ledger.sizes();
    await ledger.append(makeBatch({ count: 1, label: `before-${count}` }));
    await ledger.published(durable + 1);
    const begun = performance.now();
    await ledger.append(makeBatch({ count: 1, label: `entry-${count++}` }));
    if (hasten) ledger.hasten();
    await ledger.published(durable + 2);
    return performance.now() - begun;
  };
  let [waiting, hastened] = [0, 0];
  for (let round = 0; round < ROUNDS; round++) {
    waiting += await measure(false);
    hastened += await measure(true);
  }
  expect(hastened).toBeLessThan(waiting * 0.9);
  await ledger.close();
});

/** Published while somebody hastens all the time. */
const CHECKPOINTS = 12;

test('whoever hastens all the time has ten checkpoints a second at the most', async () => {
  const { directory, signer, epochKeys } = await newHome();
  const ledger = await openLedger({ directory, signer, epochKeys, publishIntervalMs: INTERVAL_MS });
  const checkpoints = new Set<string>();
  const begun = performance.now();
  for (let i = 0; checkpoints.size < CHECKPOINTS; i++) {
    await ledger.append(makeBatch({ count: 1, label: `entry-${i}` }));
    ledger.hasten();
    checkpoints.add(ledger.checkpoint());
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  // The empty log's and the first one come at once; every other waits for its tenth of a second.
  expect(performance.now() - begun).toBeGreaterThan((CHECKPOINTS - 3) * 100);
  await ledger.close();
});
