import { cp, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileTiles, LedgerReader, memoryStorage, openLedger, storageTiles } from '@spanledger/ledger';
import { verifyLedger } from '@spanledger/ledger/verify';
import { expect, onTestFinished, test } from 'vitest';
import { makeBatch } from '../../support/ledger/batches.ts';
import { newHome, openHome, type LogHome } from '../../support/ledger/logs.ts';
import { scratchDirectory } from '../../support/ledger/scratch.ts';

const LONG_MS = 3_600_000;

async function partialsOf(directory: string): Promise<string[]> {
  const paths = await readdir(join(directory, 'ledger', 'tile'), { recursive: true });
  return paths.filter((path) => path.includes('.p')).sort();
}

/** Publishes some sizes, one after the other. */
async function grow(home: LogHome, counts: readonly number[], partialTilesGraceMs: number): Promise<void> {
  const ledger = await openHome(home, { partialTilesGraceMs, publishIntervalMs: 1 });
  for (const count of counts) {
    await ledger.append(makeBatch({ count, label: `${ledger.sizes().durable}` }));
    await ledger.published(ledger.sizes().durable);
  }
  await ledger.close();
}

test('superseded partial tiles go, those of the right edge stay, and so do their folders', async () => {
  const home = await newHome();
  const ledger = await openHome(home, { partialTilesGraceMs: 1, publishIntervalMs: 1 });
  for (const count of [3, 100, 200, 300, 7]) {
    await ledger.append(makeBatch({ count, label: `${count}` }));
    await ledger.published(ledger.sizes().durable);
  }
  const left = ['0/002.p', '0/002.p/91', '0/002.p/98', '1/000.p', '1/000.p/1', '1/000.p/2', 'entries/002.p'];
  await expect
    .poll(() => partialsOf(home.directory), { interval: 5, timeout: 10_000 })
    .toEqual([...left, 'entries/002.p/91', 'entries/002.p/98']);
  const report = await verifyLedger({ source: fileTiles(join(home.directory, 'ledger')), vkey: ledger.vkey });
  expect(report.failures).toEqual([]);
});

test('nothing goes before the full tile has been published for the grace period', async () => {
  const home = await newHome();
  await grow(home, [3, 600], LONG_MS);
  expect(await partialsOf(home.directory)).toContain('entries/000.p/3');
});

test('what earlier processes left behind is found, also in folders of many tiles', async () => {
  const home = await newHome();
  await grow(home, [3, 200, 400, 5], LONG_MS);
  const stray = join(home.directory, 'ledger', 'tile', '0', '001.p');
  await mkdir(stray, { recursive: true });
  await writeFile(join(stray, '77'), 'never published');
  await openHome(home, { partialTilesGraceMs: 1 });
  await expect
    .poll(() => partialsOf(home.directory), { interval: 5, timeout: 10_000 })
    .toEqual(
      ['0/002.p', '0/002.p/91', '0/002.p/96', '1/000.p', '1/000.p/2', 'entries/002.p'].concat(
        'entries/002.p/91',
        'entries/002.p/96',
      ),
    );
});

test('where the full tile was lost, what is left of it stays', async () => {
  const home = await newHome();
  await grow(home, [3, 600], LONG_MS);
  const tiles = join(home.directory, 'ledger', 'tile');
  await rm(join(tiles, 'entries', '000'));
  await openHome(home, { partialTilesGraceMs: 1 });
  await expect
    .poll(() => partialsOf(home.directory), { interval: 5, timeout: 10_000 })
    .not.toContain('0/000.p/3');
  expect(await partialsOf(home.directory)).toContain('entries/000.p/3');
});

test('an older checkpoint verifies against the newer tiles, and a copy that kept its partial tiles verifies', async () => {
  const home = await newHome();
  await grow(home, [300], LONG_MS);
  const older = await scratchDirectory();
  await cp(join(home.directory, 'ledger'), older, { recursive: true });
  await grow(home, [400], LONG_MS);
  const newer = await scratchDirectory();
  await cp(join(home.directory, 'ledger'), newer, { recursive: true });
  await openHome(home, { partialTilesGraceMs: 1 });
  await expect
    .poll(() => partialsOf(home.directory), { interval: 5, timeout: 10_000 })
    .not.toContain('entries/001.p');

  const { vkey } = home.signer;
  for (const directory of [older, newer]) {
    expect((await verifyLedger({ source: fileTiles(directory), vkey })).failures).toEqual([]);
  }
  // What a reader sees who has fetched the checkpoint, and then the tiles when the partial ones are gone.
  const [checkpoints, tiles] = [fileTiles(older), fileTiles(join(home.directory, 'ledger'))];
  const mixed = {
    read: (path: string) => (path.startsWith('checkpoint') ? checkpoints : tiles).read(path),
  };
  const report = await verifyLedger({ source: mixed, vkey });
  expect(report).toMatchObject({ failures: [], size: 300 });
  const reader = new LedgerReader(mixed);
  expect(await reader.tlogProof(299)).toContain('index 299');
});

test('in memory too', async () => {
  const storage = memoryStorage();
  const { signer, epochKeys } = await newHome();
  const ledger = await openLedger({
    storage,
    signer,
    epochKeys,
    publishIntervalMs: 1,
    partialTilesGraceMs: 1,
  });
  onTestFinished(() => ledger.close());
  for (const label of ['a', 'b']) {
    await ledger.append(makeBatch({ count: 200, label }));
    await ledger.published(ledger.sizes().durable);
  }
  await expect
    .poll(() => storage.list('ledger/tile/0'), { interval: 5, timeout: 10_000 })
    .toEqual(expect.not.arrayContaining(['000.p/']));
  expect((await verifyLedger({ source: storageTiles(storage), vkey: ledger.vkey })).failures).toEqual([]);
});
