import { generateSigner, memoryEpochKeys, type Ledger, type NoteSigner } from '@spanledger/ledger';
import { expect, test } from 'vitest';
import { FaultyDisk } from '../../support/ledger/faulty-disk.ts';
import { MemoryDisk } from '../../support/ledger/memory-disk.ts';
import { statementBatch } from '../../support/ledger/key-changes.ts';
import { scratchDirectory } from '../../support/ledger/scratch.ts';
import {
  expectPromisesKept,
  FAULT_TEST_TIMEOUT_MS,
  look,
  newLog,
  openOn,
  send,
  type Log,
} from './support.ts';
import type { FileSystem } from '../../../packages/ledger/src/storage/file-system.ts';

const ATTEMPTS = 3;

interface RotatedLog extends Log {
  second: NoteSigner;
}

async function rotatedLog(): Promise<RotatedLog> {
  const log = newLog(await scratchDirectory(), memoryEpochKeys());
  return { ...log, second: generateSigner(log.signer.origin) };
}

/** Does something up to three times, as whoever runs the command does; undefined if it fails each time. */
async function insist<T>(action: () => Promise<T>, isDead: () => boolean): Promise<T | undefined> {
  for (let attempt = 0; attempt < ATTEMPTS && !isDead(); attempt++) {
    const result = await action().catch(() => undefined);
    if (result !== undefined) return result;
  }
  return undefined;
}

/** A life in which the log changes its key: both keys for a while, then the new one alone. */
async function rotate(log: RotatedLog, files: FileSystem, isDead: () => boolean): Promise<void> {
  const ledger = await insist(() => openOn(log, files, () => undefined, [log.second]), isDead);
  if (ledger === undefined) return;
  const step = `${log.told.acknowledged.size + log.told.refused.size}`;
  const publish = async (): Promise<void> => {
    const { durable } = ledger.sizes();
    await Promise.race([ledger.published(durable), untilDead(isDead)]).catch(() => undefined);
    await look(log, files);
  };
  await send(log, ledger, `${step}-a`, 3);
  await publish();
  await change(ledger, () => ledger.keys.introduce(log.second), isDead);
  await send(log, ledger, `${step}-b`, 2);
  await publish();
  await change(ledger, () => ledger.keys.end({ vkey: log.signer.vkey, state: 'retired' }), isDead);
  await send(log, ledger, `${step}-c`, 2);
  await publish();
  await ledger.close().catch(() => undefined);
  await look(log, files);
}

async function untilDead(isDead: () => boolean): Promise<void> {
  while (!isDead()) await new Promise(setImmediate);
}

async function change(
  ledger: Ledger,
  make: () => Promise<{ note: string }>,
  isDead: () => boolean,
): Promise<void> {
  const made = await insist(make, isDead);
  if (made !== undefined) await ledger.append(statementBatch(made.note)).catch(() => undefined);
}

/** Whatever happened: the log opens, the change can be completed, and who trusts either key verifies all of it. */
async function completeAndCheck(log: RotatedLog, disk: FileSystem, context: string): Promise<void> {
  const ledger = await openOn(log, disk, () => undefined, [log.second]);
  await send(log, ledger, 'after', 2);
  await ledger.published(ledger.sizes().durable);
  await ledger.keys.introduce(log.second);
  await send(log, ledger, 'overlap', 1);
  await ledger.published(ledger.sizes().durable);
  await ledger.keys.end({ vkey: log.signer.vkey, state: 'retired' });
  await send(log, ledger, 'alone', 1);
  await ledger.close();
  expect(
    ledger.keys.keys.map(({ state }) => state),
    context,
  ).toEqual(['retired', 'active']);
  await look(log, disk);
  // Now one of the keys is trusted, now the other.
  const signer = Math.random() < 0.5 ? log.signer : log.second;
  await expectPromisesKept({ ...log, signer }, disk, `${context}, trusting ${signer.vkey}`);
}

async function operationsOfRotation(): Promise<string[]> {
  const log = await rotatedLog();
  const files = new FaultyDisk(new MemoryDisk(log.directory));
  await rotate(log, files, () => false);
  expect(log.told.refused.size).toBe(0);
  expect(files.operations.filter((operation) => operation.endsWith('/ledger/keys')).length).toBeGreaterThan(
    1,
  );
  return files.operations;
}

test.each(['before', 'after'] as const)(
  'while keys change any one operation may fail %s it took effect',
  async (when) => {
    const operations = await operationsOfRotation();
    for (let at = 0; at < operations.length; at++) {
      const log = await rotatedLog();
      const disk = new MemoryDisk(log.directory);
      const files = new FaultyDisk(disk, { at, when });
      await rotate(log, files, () => false);
      await completeAndCheck(log, disk, `${when} ${files.operations[at]}`);
    }
  },
  FAULT_TEST_TIMEOUT_MS,
);

test(
  'while keys change the power may be cut at any operation',
  async () => {
    const operations = await operationsOfRotation();
    for (let at = 0; at < operations.length; at++) {
      const log = await rotatedLog();
      const disk = new MemoryDisk(log.directory);
      const files = new FaultyDisk(disk, undefined, at);
      await rotate(log, files, () => files.isDead);
      log.told.isKilled = true;
      disk.cutPower(() => false);
      await completeAndCheck(log, disk, `cut at operation ${at}`);
    }
  },
  FAULT_TEST_TIMEOUT_MS,
);
