import { existsSync } from 'node:fs';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileTiles, LedgerReader } from '@spanledger/ledger';
import {
  hashLeaf,
  parseSignedCheckpoint,
  verifyConsistency,
  verifyInclusion,
} from '@spanledger/ledger/verify';
import { expect, test } from 'vitest';
import { makeBatch } from '../../support/ledger/batches.ts';
import { type LogHome, newHome, openHome } from '../../support/ledger/logs.ts';

function entriesIn(home: LogHome): string {
  return join(home.directory, 'ledger', 'tile', 'entries');
}

async function bundlesOf(home: LogHome): Promise<string[]> {
  return (await readdir(entriesIn(home))).filter((name) => /^\d{3}$/.test(name)).toSorted();
}

test('bundles of a prefix go, tiles stay, and proofs about what is gone can be made and checked', async () => {
  const home = await newHome();
  const ledger = await openHome(home, { publishIntervalMs: 1 });
  for (const label of ['a', 'b', 'c']) {
    await ledger.append(makeBatch({ count: 400, label }));
    await ledger.published(ledger.sizes().durable);
  }
  const reader = new LedgerReader(fileTiles(join(home.directory, 'ledger')));
  const { size, root } = await reader.checkpoint();
  const gone = (await reader.entry(7)) ?? new Uint8Array();

  await ledger.prune(768);
  expect(ledger.minimumIndex()).toBe(768);
  expect(await bundlesOf(home)).toEqual(['003']);
  const fresh = new LedgerReader(fileTiles(join(home.directory, 'ledger')));
  expect(await fresh.minimumIndex()).toBe(768);
  expect(await fresh.entry(7)).toBeUndefined();
  expect(await fresh.entry(768)).toBeDefined();
  const left: number[] = [];
  for await (const { index } of fresh.entries(0, size)) left.push(index);
  expect([left[0], left.length]).toEqual([768, size - 768]);
  await expect(fresh.range(0, size)).rejects.toMatchObject({ code: 'tile_missing' });

  expect(Buffer.from(await fresh.leafHash(7))).toEqual(Buffer.from(hashLeaf(gone)));
  const hashes = await fresh.inclusionProof(7, size);
  expect(verifyInclusion({ index: 7, size, leafHash: hashLeaf(gone), hashes }, root)).toBe(true);
  const later = await fresh.consistencyProof(400, size);
  const first = { size: 400, root: await fresh.root(400) };
  expect(verifyConsistency({ first, second: { size, root }, hashes: later })).toBe(true);
  expect(parseSignedCheckpoint(await fresh.checkpointCovering(7))).toMatchObject({ ok: true });
  await ledger.close();
});

test('what a crash left of a pruning is removed by the next, and the log goes on', async () => {
  const home = await newHome();
  const ledger = await openHome(home, { publishIntervalMs: 1 });
  await ledger.append(makeBatch({ count: 700, label: 'a' }));
  await ledger.published(700);
  await ledger.close();
  // It ended after the minimum index was written, before any bundle went.
  await writeFile(join(home.directory, 'ledger', 'minimum-index'), '512\n');

  const again = await openHome(home, { publishIntervalMs: 1 });
  expect(again.minimumIndex()).toBe(512);
  await again.prune(512);
  expect(await bundlesOf(home)).toEqual([]);
  await again.append(makeBatch({ count: 400, label: 'b' }));
  await again.published(1100);
  expect(await bundlesOf(home)).toEqual(['002', '003']);
  await again.prune(1024);
  await again.prune(1024);
  expect(await bundlesOf(home)).toEqual([]);
  expect(existsSync(join(entriesIn(home), '004.p'))).toBe(true);
  await again.close();
});

test('nothing is pruned that is not published, in the middle of a bundle, or anew', async () => {
  const home = await newHome();
  const ledger = await openHome(home, { publishIntervalMs: 1 });
  await ledger.append(makeBatch({ count: 600, label: 'a' }));
  await ledger.published(600);
  await ledger.prune(256);
  for (const index of [300, 768, -256, 0, Number.NaN]) {
    await expect(ledger.prune(index), String(index)).rejects.toMatchObject({ code: 'out_of_range' });
  }
  expect(await bundlesOf(home)).toEqual(['001']);
  await ledger.close();
  await expect(ledger.prune(512)).rejects.toMatchObject({ code: 'ledger_closed' });
});
