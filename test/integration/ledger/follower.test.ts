import { join } from 'node:path';
import { fileTiles, LedgerReader, runFollower, type FollowedBatch } from '@spanledger/ledger';
import type { TileSource } from '@spanledger/ledger/verify';
import { expect, test } from 'vitest';
import { makeBatch, recordIdOf } from '../../support/ledger/batches.ts';
import { newHome, openHome } from '../../support/ledger/logs.ts';

test('gets every published entry once and in order, from where it was', async () => {
  const home = await newHome();
  const ledger = await openHome(home);
  const reader = new LedgerReader(fileTiles(join(home.directory, 'ledger')));
  const seen: string[] = [];
  let position = 0;
  const process = ({ first, entries }: FollowedBatch): void => {
    expect(first).toBe(position);
    expect(entries.length).toBeLessThanOrEqual(100);
    seen.push(...entries.map(recordIdOf));
    position += entries.length;
  };
  const follow = (signal: AbortSignal): Promise<void> =>
    runFollower({ name: 'test', from: position, ledger, reader, batchEntries: 100, process, signal });

  const firstRun = new AbortController();
  const followed = follow(firstRun.signal);
  await ledger.append(makeBatch({ count: 250, label: 'a' }));
  await expect.poll(() => position, { timeout: 10_000 }).toBe(250);
  firstRun.abort();
  await followed;
  await ledger.append(makeBatch({ count: 333, label: 'b' }));

  const secondRun = new AbortController();
  const again = follow(secondRun.signal);
  await expect.poll(() => position, { timeout: 10_000 }).toBe(583);
  secondRun.abort();
  await again;
  const ids = (label: string, count: number): string[] =>
    Array.from({ length: count }, (_, i) => `${label}-${i}`);
  expect(seen).toEqual([...ids('a', 250), ...ids('b', 333)]);
});

test('ends with what its processing throws, and with the ledger', async () => {
  const home = await newHome();
  const ledger = await openHome(home);
  const reader = new LedgerReader(fileTiles(join(home.directory, 'ledger')));
  const { signal } = new AbortController();
  await ledger.append(makeBatch({ count: 1 }));
  const failing = (): never => {
    throw new Error('the index is full');
  };
  const options = { name: 'test', from: 0, ledger, reader, signal };
  await expect(runFollower({ ...options, process: failing })).rejects.toThrow('the index is full');
  const waiting = runFollower({ ...options, from: 1, process: () => undefined });
  await Promise.all([expect(waiting).rejects.toMatchObject({ code: 'ledger_closed' }), ledger.close()]);
});

test('reads what others wait for, and refuses what is not there', async () => {
  const home = await newHome();
  const ledger = await openHome(home);
  const source = fileTiles(join(home.directory, 'ledger'));
  const reader = new LedgerReader(source);
  expect(await reader.entry(0)).toBeUndefined();
  await expect(reader.tlogProof(0)).rejects.toMatchObject({ code: 'out_of_range' });
  await expect(reader.root(1)).rejects.toMatchObject({ code: 'out_of_range' });
  await ledger.append(makeBatch({ count: 3 }));
  await ledger.published(3);
  expect(recordIdOf((await reader.entry(2)) ?? new Uint8Array(0))).toBe('batch-2');
  expect(await reader.entry(3)).toBeUndefined();
  expect(await reader.entry(-1)).toBeUndefined();
  expect((await reader.checkpoint()).note).toBe(ledger.checkpoint());
  await expect(reader.inclusionProof(3, 3)).rejects.toMatchObject({ code: 'out_of_range' });
  await expect(reader.consistencyProof(3, 2)).rejects.toMatchObject({ code: 'out_of_range' });
  await expect(ledger.published(4, AbortSignal.timeout(5))).rejects.toMatchObject({ name: 'TimeoutError' });
  for (const path of ['../journal', '/etc/passwd', 'tile/../../x', '.staging/0', 'tile//0', '']) {
    expect(await source.read(path), path).toBeUndefined();
  }
});

test('keeps as many bytes of bundles as it is told, those that were read last', async () => {
  const home = await newHome();
  const ledger = await openHome(home);
  await ledger.append(makeBatch({ count: 3 * 256 }));
  await ledger.published(3 * 256);
  const files = fileTiles(join(home.directory, 'ledger'));
  const sizes = new Map<string, number>();
  const readFiles: string[] = [];
  const source: TileSource = {
    async read(path) {
      const bytes = await files.read(path);
      if (path.startsWith('tile/entries/')) {
        readFiles.push(path);
        sizes.set(path, bytes?.length ?? 0);
      }
      return bytes;
    },
  };
  const readTwice = async (cacheBytes?: number): Promise<string[]> => {
    const reader = new LedgerReader(source, { ...(cacheBytes !== undefined && { cacheBytes }) });
    await reader.range(0, 3 * 256);
    readFiles.length = 0;
    await reader.range(256, 3 * 256);
    await reader.range(0, 256);
    return readFiles.splice(0);
  };
  expect(await readTwice()).toEqual([]);
  const [, second = 0, third = 0] = sizes.values();
  expect(await readTwice(second + third)).toEqual(['tile/entries/000']);
  expect(await readTwice(0)).toHaveLength(3);
});
