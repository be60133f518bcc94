import {
  generateSigner,
  LedgerReader,
  memoryEpochKeys,
  type EpochKeys,
  type Ledger,
  openLedger,
  storageTiles,
  type NoteSigner,
} from '@spanledger/ledger';
import { verifyLedger } from '@spanledger/ledger/verify';
import { expect } from 'vitest';
import type { FileSystem } from '../../../packages/ledger/src/storage/file-system.ts';
import { fileStorage } from '../../../packages/ledger/src/storage/file.ts';
import { splitNotes } from '../../../packages/ledger/src/verify/history-file.ts';
import { FaultyDisk } from '../../support/ledger/faulty-disk.ts';
import { MemoryDisk } from '../../support/ledger/memory-disk.ts';
import { scratchDirectory } from '../../support/ledger/scratch.ts';
import { makeBatch, openingOf, recordIdOf } from '../../support/ledger/batches.ts';

/** A test that lives through more than a hundred lives takes its time on a busy machine. */
export const FAULT_TEST_TIMEOUT_MS = 300_000;

/** What senders and readers were told by a ledger while it lived. */
export interface Told {
  /** Batches that were acknowledged: label, and how many entries. */
  acknowledged: Map<string, { first: number; count: number }>;
  /** Batches that were refused: none of them may be there, unless the process ended before it could see to that. */
  refused: Set<string>;
  /** Checkpoints that were seen. */
  checkpoints: Set<string>;
  /** A process was ended before its work was. */
  isKilled: boolean;
}

/** One log through several lives. */
export interface Log {
  directory: string;
  signer: NoteSigner;
  epochKeys: EpochKeys;
  told: Told;
}

/** A log that nobody has opened yet. */
export function newLog(directory: string, epochKeys: EpochKeys): Log {
  const told = {
    acknowledged: new Map(),
    refused: new Set<string>(),
    checkpoints: new Set<string>(),
    isKilled: false,
  };
  return { directory, signer: generateSigner('example.com/fault'), epochKeys, told };
}

/**
 * Opens a log for its next life.
 *
 * @param signers the log's other keys
 */
export async function openOn(
  log: Log,
  files: FileSystem,
  onError: (error: unknown) => void,
  signers: readonly NoteSigner[] = [],
): Promise<Ledger> {
  const { directory, signer, epochKeys } = log;
  const storage = fileStorage(directory, files);
  return await openLedger({
    storage,
    signer,
    signers,
    epochKeys,
    publishIntervalMs: 2,
    partialTilesGraceMs: 0,
    onError,
  });
}

/** Appends a batch and notes what became of it. */
export async function send(log: Log, ledger: Ledger, label: string, count: number): Promise<void> {
  try {
    log.told.acknowledged.set(label, await ledger.append(makeBatch({ count, label })));
  } catch {
    log.told.refused.add(label);
  }
}

/** Notes the checkpoint that anybody can see. */
export async function look(log: Log, files: FileSystem): Promise<void> {
  const bytes = await fileStorage(log.directory, files)
    .read('ledger/checkpoint')
    .catch(() => undefined);
  if (bytes !== undefined) log.told.checkpoints.add(bytes.toString());
}

/**
 * Checks that a closed log keeps every promise: it verifies, continues every checkpoint that was ever seen, and holds
 * each acknowledged batch once and in one piece, where its sender was told.
 */
export async function expectPromisesKept(log: Log, files: FileSystem, context: string): Promise<void> {
  const source = storageTiles(fileStorage(log.directory, files));
  const known = [...log.told.checkpoints];
  const report = await verifyLedger({ source, vkey: log.signer.vkey, known });
  expect(report.failures, context).toEqual([]);
  expect(report.knownVerified, context).toBe(known.length);
  const history = await readHistory(log, files);
  for (const note of known) expect(history.has(note), `${context}: a checkpoint left the history`).toBe(true);
  const ids: string[] = [];
  for await (const { bytes } of new LedgerReader(source).entries(0, report.size)) ids.push(recordIdOf(bytes));
  expect(new Set(ids).size, `${context}: an entry is there twice`).toBe(ids.length);
  for (const [label, { first, count }] of log.told.acknowledged) {
    const expected = Array.from({ length: count }, (_, i) => `${label}-${i}`);
    expect(ids.slice(first, first + count), `${context}: batch ${label}`).toEqual(expected);
  }
  for (const label of log.told.isKilled ? [] : log.told.refused) {
    expect(ids.includes(`${label}-0`), `${context}: refused batch ${label} is there`).toBe(false);
  }
}

async function readHistory({ directory }: Log, files: FileSystem): Promise<Set<string>> {
  const notes = new Set<string>();
  const storage = fileStorage(directory, files);
  for (const name of await storage.list('ledger/checkpoints')) {
    const text = name === 'index' ? undefined : await storage.read(`ledger/checkpoints/${name}`);
    for (const note of splitNotes(text?.toString() ?? '').notes) notes.add(note);
  }
  return notes;
}

/** Checks that the openings of all entries that the journal still holds can be read, and are those that were sent. */
export async function expectOpenings(log: Log, ledger: Ledger, context: string): Promise<void> {
  const openings = await ledger.journal.readOpenings(0, ledger.sizes().durable);
  const from = ledger.journal.segments()[0]?.first ?? Infinity;
  for (const [label, { first, count }] of log.told.acknowledged) {
    for (let i = 0; i < count; i++) {
      if (first + i < from) continue;
      const opening = Buffer.from(openings.get(first + i) ?? []).toString();
      expect(opening, `${context}: opening of ${label}-${i}`).toBe(openingOf(label, i));
    }
  }
}

/**
 * A life with every kind of write in it: creating, group commit, full and partial tiles, superseded ones, checkpoints,
 * rotation, retirement, closing.
 */
export async function live(log: Log, files: FileSystem, isDead: () => boolean): Promise<Ledger | undefined> {
  let failed = Promise.withResolvers<void>();
  const onError = (): void => {
    failed.resolve();
    failed = Promise.withResolvers<void>();
  };
  let ledger: Ledger | undefined;
  // Whoever runs the service starts it again.
  for (let attempt = 0; attempt < 3 && ledger === undefined && !isDead(); attempt++) {
    ledger = await openOn(log, files, onError).catch(() => undefined);
  }
  if (ledger === undefined) return undefined;
  const opened = ledger;
  const publish = async (): Promise<void> => {
    while (!isDead() && opened.sizes().published < opened.sizes().durable) {
      await Promise.race([opened.published(opened.sizes().durable), failed.promise]);
    }
    await look(log, files);
  };
  const step = log.told.acknowledged.size + log.told.refused.size;
  await send(log, opened, `${step}-a`, 3);
  await publish();
  await Promise.all([send(log, opened, `${step}-b`, 200), send(log, opened, `${step}-c`, 60)]);
  await send(log, opened, `${step}-d`, 1);
  // More becomes durable while tiles are being written.
  await Promise.all([publish(), send(log, opened, `${step}-e`, 300)]);
  await publish();
  await collected(files, log, isDead);
  await opened.journal.rotate().catch(() => undefined);
  await send(log, opened, `${step}-f`, 2);
  for (const { name, closed } of opened.journal.segments()) {
    if (closed) await opened.journal.retire(name).catch(() => undefined);
  }
  await opened.close().catch(() => undefined);
  await look(log, files);
  return opened;
}

/** Waits until the partial versions of the first tile are gone, or cannot be removed. */
async function collected(files: FileSystem, { directory }: Log, isDead: () => boolean): Promise<void> {
  const storage = fileStorage(directory, files);
  for (let turn = 0; turn < 200 && !isDead(); turn++) {
    const names = await storage.list('ledger/tile/0').catch((): string[] => []);
    if (names.includes('000') && !names.includes('000.p/')) return;
    await new Promise(setImmediate);
  }
}

/** Opens a log after whatever happened to it, checks that all promises are kept, and that it goes on from there. */
export async function reopenAndCheck(log: Log, disk: FileSystem, context: string): Promise<void> {
  const ledger = await openOn(log, disk, () => undefined);
  expect(ledger.sizes().published, context).toBe(ledger.sizes().durable);
  await expectOpenings(log, ledger, context);
  await send(log, ledger, 'after', 270);
  await ledger.close();
  expect(log.told.acknowledged.has('after'), context).toBe(true);
  await look(log, disk);
  await expectPromisesKept(log, disk, context);
}

/** The operations of a life in which nothing fails. */
export async function operationsOfLife(): Promise<string[]> {
  const directory = await scratchDirectory();
  const files = new FaultyDisk(new MemoryDisk(directory));
  const log = newLog(directory, memoryEpochKeys());
  await live(log, files, () => false);
  expect(log.told.refused.size).toBe(0);
  expect(files.operations.length).toBeGreaterThan(100);
  return files.operations;
}
