import { mkdtempSync } from 'node:fs';
import { cp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { fileTiles, parallelBundles } from '@spanledger/ledger';
import {
  verifyLedger,
  type EntryKind,
  type SoundBundleSource,
  type VerificationReport,
} from '@spanledger/ledger/verify';
import { beforeAll, describe, expect, test } from 'vitest';
import { BundleThreads } from '../../../packages/ledger/src/parallel/bundle-threads.ts';
import { newWorkMemory } from '../../../packages/ledger/src/parallel/work-plan.ts';
import { scratchDirectory } from '../../support/ledger/scratch.ts';
import { writeSyntheticLog } from '../../support/ledger/synthetic-log.ts';

// Enough bundles for four threads, several runs for each, and a second tile of level 1.
const SIZE = 70_000;
const ORIGIN = 'example.com/synthetic';
let sound: string;
let vkey: string;

beforeAll(() => {
  const directory = mkdtempSync(join(tmpdir(), 'spanledger-parallel-'));
  sound = directory;
  ({ vkey } = writeSyntheticLog({ directory, size: SIZE, producers: 700 }));
  return () => rm(directory, { recursive: true });
});

type OpenBundles = (directory: string) => SoundBundleSource;

async function report(
  directory: string,
  open: OpenBundles | number,
  entries: EntryKind = 'records',
): Promise<Partial<VerificationReport>> {
  const openBundles = typeof open === 'number' ? parallelBundles(directory, open) : () => open(directory);
  const found = await verifyLedger({ source: fileTiles(directory), vkey, openBundles, entries });
  const { elapsedMs: _, ...rest } = found;
  return rest;
}

/** Nothing is taken for sound: every entry is parsed. */
const parseEverything: OpenBundles = () => ({ take: () => Promise.resolve(undefined) });

/** The report on a log, which has to be the same whoever reads the bundles. */
async function reportOf(directory: string): Promise<Partial<VerificationReport>> {
  const expected = await report(directory, parseEverything);
  for (const threads of [1, 2, 4]) expect(await report(directory, threads), `${threads}`).toEqual(expected);
  const { elapsedMs: _, ...inline } = await verifyLedger({ source: fileTiles(directory), vkey });
  expect(inline).toEqual(expected);
  return expected;
}

async function tampered(change: (directory: string) => Promise<void>): Promise<Partial<VerificationReport>> {
  const directory = await scratchDirectory();
  await cp(sound, directory, { recursive: true });
  await change(directory);
  return await reportOf(directory);
}

async function edit(file: string, change: (bytes: Buffer) => void): Promise<void> {
  const bytes = await readFile(file);
  change(bytes);
  await writeFile(file, bytes);
}

const bundle = (directory: string, index: number): string =>
  join(directory, 'tile/entries', String(index).padStart(3, '0'));
const tile = (directory: string, level: number, index: number): string =>
  join(directory, 'tile', String(level), String(index).padStart(3, '0'));

describe('the report is the same whatever the number of threads', () => {
  test('on a log about which everything is as it must be', async () => {
    const found = await reportOf(sound);
    expect(found).toMatchObject({ ok: true, verified: SIZE, producersTotal: 700, warningsTotal: 0 });
  });

  test('where single bytes of entries were changed, far apart', async () => {
    const found = await tampered(async (directory) => {
      for (const index of [0, 7, 8, 100, 255, 256, 272])
        await edit(bundle(directory, index), (bytes) => {
          const at = bytes.indexOf('"GET /orders', 70_000);
          bytes[at + 2] = 0x45 ^ 1;
        });
    });
    expect(found).toMatchObject({ ok: false, failuresTotal: 14, verified: SIZE - 14 });
  });

  test('where bundles were removed, cut, swapped, and one is no file', async () => {
    const found = await tampered(async (directory) => {
      for (const index of [3, 4, 5, 200]) await rm(bundle(directory, index));
      await truncate(bundle(directory, 50), 1_000);
      const [a, b] = [await readFile(bundle(directory, 80)), await readFile(bundle(directory, 90))];
      await writeFile(bundle(directory, 80), b);
      await writeFile(bundle(directory, 90), a);
      await rm(bundle(directory, 120));
      await cp(join(directory, 'tile/1'), bundle(directory, 120), { recursive: true });
    });
    expect(found.ok).toBe(false);
    const codes = new Set(found.failures?.map(({ code }) => code));
    expect([...codes].toSorted()).toEqual([
      'bundle_malformed',
      'bundle_missing',
      'entry_misplaced',
      'entry_missing',
      'read_failed',
    ]);
  });

  test('where hashes of tiles were changed on each level', async () => {
    const found = await tampered(async (directory) => {
      for (const [level, index] of [
        [0, 0],
        [0, 99],
        [0, 260],
        [1, 0],
      ] as const)
        await edit(tile(directory, level, index), (bytes) => {
          bytes[33] = (bytes[33] ?? 0) ^ 1;
        });
    });
    expect(found).toMatchObject({ ok: false, verified: SIZE });
  });

  test('where the checkpoint is another one', async () => {
    const found = await tampered(async (directory) => {
      await edit(join(directory, 'checkpoint'), (bytes) => {
        bytes[bytes.indexOf('70000') + 1] = 0x31;
      });
    });
    expect(found.ok).toBe(false);
  });

  test('where the entries are taken for opaque', async () => {
    const directory = await scratchDirectory();
    await cp(sound, directory, { recursive: true });
    const expected = await report(directory, 2, 'opaque');
    expect(expected).toMatchObject({ ok: true, verified: SIZE, producersTotal: 0 });
    expect(await report(directory, parseEverything, 'opaque')).toEqual(expected);
    await edit(bundle(directory, 77), (bytes) => {
      bytes[5_000] = (bytes[5_000] ?? 0) ^ 1;
    });
    const tamperedReport = await report(directory, 2, 'opaque');
    expect(tamperedReport).toMatchObject({ ok: false, failuresTotal: 1 });
    expect(await report(directory, parseEverything, 'opaque')).toEqual(tamperedReport);
  });

  test('where records come twice, within a bundle and across bundles of several threads', async () => {
    const directory = await scratchDirectory();
    const repeated = writeSyntheticLog({ directory, size: 30_000, producers: 10, repeatEvery: 997 });
    const kept = vkey;
    vkey = repeated.vkey;
    const found = await reportOf(directory);
    vkey = kept;
    expect(found).toMatchObject({ ok: true, warningsTotal: 30 + 10 });
  });
});

describe('threads', () => {
  test('that end before they deliver are done without', async () => {
    let started = 0;
    const dying: OpenBundles = (directory) => {
      const memory = newWorkMemory(3);
      const entries = 'records' as const;
      const order = { directory, origin: ORIGIN, entries, first: 0, end: Math.floor(SIZE / 256), memory };
      return new BundleThreads(order, 4, ({ holder }) => {
        started += 1;
        // Takes a run, and goes without a word.
        const script = `
          const numbers = new Int32Array(require('node:worker_threads').workerData.memory);
          const run = Atomics.load(numbers, 0);
          Atomics.store(numbers, 3 + ${holder}, run);
          if (Atomics.compareExchange(numbers, 0, run, run + 1) === run && ${holder} === 1) throw new Error('gone');
        `;
        return new Worker(script, { eval: true, workerData: { memory } });
      });
    };
    expect(await report(sound, dying)).toEqual(await report(sound, parseEverything));
    expect(started).toBe(3);
  });

  test('are gone when a verification is aborted', async () => {
    const abort = new AbortController();
    const source = fileTiles(sound);
    const verification = verifyLedger({
      source,
      vkey,
      openBundles: parallelBundles(sound, 4),
      signal: abort.signal,
      onProgress: ({ verified }) => {
        if (verified > 10_000) abort.abort(new Error('enough'));
      },
    });
    await expect(verification).rejects.toThrow('enough');
  });

  test('are counted: a number that makes no sense is refused', () => {
    for (const threads of [0, -1, 1.5, 65, Number.NaN])
      expect(() => parallelBundles(sound, threads)).toThrow(TypeError);
  });
});
