import {
  generateSigner,
  memoryEpochKeys,
  openLedger,
  storageTiles,
  type Ledger,
  type NoteSigner,
} from '@spanledger/ledger';
import { verifyLedger } from '@spanledger/ledger/verify';
import { expect, test } from 'vitest';
import type { FileSystem } from '../../../packages/ledger/src/storage/file-system.ts';
import { fileStorage } from '../../../packages/ledger/src/storage/file.ts';
import { makeBatch } from '../../support/ledger/batches.ts';
import { FaultyDisk } from '../../support/ledger/faulty-disk.ts';
import { statementBatch } from '../../support/ledger/key-changes.ts';
import { MemoryDisk } from '../../support/ledger/memory-disk.ts';
import { scratchDirectory } from '../../support/ledger/scratch.ts';
import { FAULT_TEST_TIMEOUT_MS } from './support.ts';

const ORIGIN = 'example.com/fault';
const epochKeys = memoryEpochKeys();

interface Keys {
  first: NoteSigner;
  second: NoteSigner;
}

async function openOn(
  directory: string,
  files: FileSystem,
  { first, second }: Keys,
  onError: (error: unknown) => void = () => undefined,
): Promise<Ledger> {
  const storage = fileStorage(directory, files);
  return await openLedger({
    storage,
    signer: first,
    signers: [second],
    epochKeys,
    publishIntervalMs: 2,
    partialTilesGraceMs: 0,
    onError,
  });
}

/** A life in which something fails, or which ends. */
async function live(directory: string, files: FaultyDisk, keys: Keys): Promise<void> {
  const dead = new AbortController();
  const ledger = await openOn(directory, files, keys, () => {
    if (files.isDead) dead.abort();
  }).catch(() => undefined);
  if (ledger === undefined) return;
  await rotate(ledger, keys, dead.signal).catch(() => undefined);
  // Of one that ended, nothing reaches the disk any more.
  await ledger.close().catch(() => undefined);
}

/** Changes the key of a log, up to what fails; done again it goes on from there. */
async function rotate(ledger: Ledger, { first, second }: Keys, signal?: AbortSignal): Promise<void> {
  const send = async (batch: ReturnType<typeof makeBatch>): Promise<void> => {
    const { first: index, count } = await ledger.append(batch);
    await ledger.published(index + count, signal);
  };
  await send(makeBatch({ count: 2, label: `${ledger.sizes().sequenced}` }));
  await send(statementBatch((await ledger.keys.introduce(second)).note));
  await send(makeBatch({ count: 1, label: `${ledger.sizes().sequenced}` }));
  await send(statementBatch((await ledger.keys.end({ vkey: first.vkey, state: 'retired' })).note));
  await send(makeBatch({ count: 1, label: `${ledger.sizes().sequenced}` }));
}

/** That a log verifies for who trusts any key that it has stated. */
async function expectVerified(
  directory: string,
  files: FileSystem,
  keys: Keys,
  context: string,
): Promise<string[]> {
  const source = storageTiles(fileStorage(directory, files));
  const report = await verifyLedger({ source, vkey: keys.first.vkey });
  expect(report.failures, context).toEqual([]);
  const states = report.keys.map(({ state }) => state);
  if (states.length > 1) {
    const other = await verifyLedger({ source, vkey: keys.second.vkey });
    expect(other.failures, context).toEqual([]);
  }
  return states;
}

/** What is left of a log is opened, verified, and its key changed all the way. */
async function expectWhole(directory: string, disk: FileSystem, keys: Keys, context: string): Promise<void> {
  const ledger = await openOn(directory, disk, keys);
  await expectVerified(directory, disk, keys, context);
  await rotate(ledger, keys);
  await ledger.close();
  expect(await expectVerified(directory, disk, keys, context), context).toEqual(['retired', 'active']);
  expect(ledger.checkpoint().match(/^— /gm), context).toHaveLength(1);
}

async function operations(): Promise<string[]> {
  const directory = await scratchDirectory();
  const files = new FaultyDisk(new MemoryDisk(directory));
  const keys = { first: generateSigner(ORIGIN), second: generateSigner(ORIGIN) };
  const ledger = await openOn(directory, files, keys);
  await rotate(ledger, keys);
  await ledger.close();
  expect(files.operations.filter((operation) => operation.endsWith('/ledger/keys'))).toHaveLength(2);
  return files.operations;
}

test.each(['before', 'after'] as const)(
  'any one operation may fail %s it took effect while a log changes its key',
  async (when) => {
    const count = (await operations()).length;
    const directory = await scratchDirectory();
    for (let at = 0; at < count; at++) {
      const disk = new MemoryDisk(directory);
      const files = new FaultyDisk(disk, { at, when });
      const keys = { first: generateSigner(ORIGIN), second: generateSigner(ORIGIN) };
      await live(directory, files, keys);
      await expectWhole(directory, disk, keys, `${when} ${files.operations[at]}`);
    }
  },
  FAULT_TEST_TIMEOUT_MS,
);

test(
  'a log that ends at any operation of a change of its key opens and verifies',
  async () => {
    const count = (await operations()).length;
    const directory = await scratchDirectory();
    for (let at = 0; at < count; at++) {
      const disk = new MemoryDisk(directory);
      const files = new FaultyDisk(disk, undefined, at);
      const keys = { first: generateSigner(ORIGIN), second: generateSigner(ORIGIN) };
      await live(directory, files, keys);
      await expectWhole(directory, disk, keys, `ended at ${files.operations[at] ?? at}`);
    }
  },
  FAULT_TEST_TIMEOUT_MS,
);
