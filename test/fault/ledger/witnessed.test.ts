import {
  memoryEpochKeys,
  openLedger,
  openWitness,
  type Ledger,
  type OpenWitness,
  type WitnessEvent,
} from '@spanledger/ledger';
import { parseVerificationKey, verifyLedger } from '@spanledger/ledger/verify';
import { expect, onTestFinished, test } from 'vitest';
import type { FileSystem } from '../../../packages/ledger/src/storage/file-system.ts';
import { fileStorage } from '../../../packages/ledger/src/storage/file.ts';
import { storageTiles } from '../../../packages/ledger/src/storage/tiles.ts';
import { FaultyDisk } from '../../support/ledger/faulty-disk.ts';
import { MemoryDisk } from '../../support/ledger/memory-disk.ts';
import { scratchDirectory } from '../../support/ledger/scratch.ts';
import { expectPromisesKept, FAULT_TEST_TIMEOUT_MS, look, newLog, send, type Log } from './support.ts';

/** A log and its witness, which is asked without a network. */
interface Pair {
  log: Log;
  witness: OpenWitness;
  /** The witness is not there. */
  isAway: boolean;
  events: WitnessEvent[];
}

async function newPair(directory: string): Promise<Pair> {
  const log = newLog(directory, memoryEpochKeys());
  const key = parseVerificationKey(log.signer.vkey);
  if (!key.ok) throw new TypeError(key.detail);
  const logs = [{ origin: log.signer.origin, keys: [key.value] }];
  const witness = await openWitness({ directory: await scratchDirectory(), name: 'witness.example/w', logs });
  onTestFinished(() => witness.close());
  return { log, witness, isAway: false, events: [] };
}

async function open(pair: Pair, files: FileSystem): Promise<Ledger> {
  const { log, witness } = pair;
  const ask = async (_url: unknown, init?: RequestInit): Promise<Response> => {
    if (pair.isAway) return new Response('away', { status: 503 });
    const { status, contentType, body, event } = await witness.witness.addCheckpoint(
      Buffer.from(typeof init?.body === 'string' ? init.body : ''),
    );
    pair.events.push(event);
    return new Response(body, { status, headers: { 'content-type': contentType } });
  };
  return await openLedger({
    storage: fileStorage(log.directory, files),
    signer: log.signer,
    epochKeys: log.epochKeys,
    publishIntervalMs: 2,
    partialTilesGraceMs: 0,
    // A second of being left alone is a millisecond here.
    now: () => performance.now() * 1000,
    witnessing: {
      witnesses: [{ url: 'http://witness', vkey: witness.vkey }],
      quorum: 1,
      timeoutMs: 5_000,
      fetch: ask,
    },
  });
}

/** Two lives: in the first the witness goes away, in the second it completes what it missed. */
async function live(pair: Pair, files: FaultyDisk): Promise<void> {
  const { log } = pair;
  for (const life of ['first', 'second']) {
    const ledger = await open(pair, files).catch(() => undefined);
    if (ledger === undefined) continue;
    await send(log, ledger, `${life} a`, 3);
    await publishedOrDead(ledger, files);
    await look(log, files);
    pair.isAway = life === 'first';
    await send(log, ledger, `${life} b`, 2);
    await publishedOrDead(ledger, files);
    await look(log, files);
    await ledger.close().catch(() => undefined);
    pair.isAway = false;
  }
}

async function publishedOrDead(ledger: Ledger, files: FaultyDisk): Promise<void> {
  const { durable } = ledger.sizes();
  await expect
    .poll(() => files.isDead || ledger.sizes().published >= durable, { interval: 1, timeout: 10_000 })
    .toBe(true);
}

async function expectWitnessed(pair: Pair, disk: MemoryDisk, context: string): Promise<void> {
  const { log, witness, events } = pair;
  const ledger = await open(pair, disk);
  await ledger.close();
  await look(log, disk);
  await expectPromisesKept(log, disk, context);
  const report = await verifyLedger({
    source: storageTiles(fileStorage(log.directory, disk)),
    vkey: log.signer.vkey,
    witnesses: [witness.vkey],
  });
  expect(report.failures, context).toEqual([]);
  expect(report.assurance, context).toMatchObject({ level: 'witnessed', signed: 1, size: report.size });
  expect(
    events.filter(({ kind }) => kind === 'contradiction' || kind === 'failed'),
    context,
  ).toEqual([]);
  // All that was ever shown it signed in the order in which the log grew, and it was never asked to go back.
  const sizes = events.flatMap(({ kind, size }) => (kind === 'signed' && size !== undefined ? [size] : []));
  expect(sizes, context).toEqual(sizes.toSorted((a, b) => a - b));
}

async function operationsOfLife(directory: string): Promise<string[]> {
  const files = new FaultyDisk(new MemoryDisk(directory));
  await live(await newPair(directory), files);
  expect(files.operations.length).toBeGreaterThan(30);
  return files.operations;
}

test.each(['before', 'after'] as const)(
  'a log whose any one operation fails %s it took effect contradicts nothing that its witness signed',
  async (when) => {
    const directory = await scratchDirectory();
    const operations = await operationsOfLife(directory);
    for (let at = 0; at < operations.length; at++) {
      const disk = new MemoryDisk(directory);
      const pair = await newPair(directory);
      const files = new FaultyDisk(disk, { at, when });
      await live(pair, files);
      await expectWitnessed(pair, disk, `${when} ${at}: ${files.operations[at]}`);
    }
  },
  FAULT_TEST_TIMEOUT_MS,
);

test(
  'a log that loses its power at any operation contradicts nothing that its witness signed',
  async () => {
    const directory = await scratchDirectory();
    const operations = await operationsOfLife(directory);
    let state = 7;
    const survives = (): boolean => (state = (state * 48_271) % 2_147_483_647) % 2 === 0;
    for (let at = 0; at < operations.length; at += 2) {
      const disk = new MemoryDisk(directory);
      const pair = await newPair(directory);
      pair.log.told.isKilled = true;
      await live(pair, new FaultyDisk(disk, undefined, at));
      disk.cutPower(survives);
      await expectWitnessed(pair, disk, `power cut at ${at}: ${operations[at]}`);
    }
  },
  FAULT_TEST_TIMEOUT_MS,
);
