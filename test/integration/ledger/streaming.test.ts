import { open } from 'node:fs/promises';
import { setImmediate } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import {
  fileStorage,
  generateSigner,
  type Ledger,
  LedgerReader,
  memoryEpochKeys,
  openLedger,
  storageTiles,
  type WritableStorage,
} from '@spanledger/ledger';
import { verifyLedger } from '@spanledger/ledger/verify';
import { expect, onTestFinished, test } from 'vitest';
import { FrameThread } from '../../../packages/ledger/src/journal/frame-thread.ts';
import { SegmentedJournal } from '../../../packages/ledger/src/journal/journal.ts';
import type { UnlinkedFrame } from '../../../packages/ledger/src/journal/links.ts';
import { recoverSegments } from '../../../packages/ledger/src/journal/recovery.ts';
import { Group } from '../../../packages/ledger/src/append/group.ts';
import { Sequencer } from '../../../packages/ledger/src/append/sequencer.ts';
import { makeBatch, recordIdOf } from '../../support/ledger/batches.ts';
import { scratchDirectory } from '../../support/ledger/scratch.ts';

/** All groups are streamed. */
const ALWAYS = { putFromBytes: Infinity, appendFromBytes: 0 };

async function lockedStorage(threads = ALWAYS): Promise<WritableStorage> {
  const storage = await fileStorage(await scratchDirectory(), undefined, threads).lock('a test');
  onTestFinished(() => storage.release());
  return storage;
}

const signer = generateSigner('example.com/streamed');

async function openOn(storage: WritableStorage, segmentMaxBytes?: number): Promise<Ledger> {
  return await openLedger({
    storage,
    signer,
    epochKeys: memoryEpochKeys(),
    ...(segmentMaxBytes !== undefined && { segmentMaxBytes }),
  });
}

/** Appends by several senders at once; gives where each batch went. */
async function appendAll(ledger: Ledger, senders: number, each: number): Promise<Map<string, number>> {
  const places = new Map<string, number>();
  const send = async (sender: number): Promise<void> => {
    for (let at = 0; at < each; at++) {
      const label = `s${sender}-${at}`;
      const { first } = await ledger.append(makeBatch({ count: 1 + ((sender + at) % 40), label }));
      places.set(label, first);
    }
  };
  await Promise.all(Array.from({ length: senders }, (_, sender) => send(sender)));
  return places;
}

async function expectAt(storage: WritableStorage, places: ReadonlyMap<string, number>): Promise<void> {
  const reader = new LedgerReader(storageTiles(storage));
  for (const [label, first] of places) {
    const [entry] = await reader.range(first, first + 1);
    expect(recordIdOf(entry ?? new Uint8Array(0))).toBe(`${label}-0`);
  }
}

test('groups that are streamed keep their order, over segments that end and are retired meanwhile', async () => {
  const storage = await lockedStorage();
  const ledger = await openOn(storage, 64 * 1024);
  const retiring = (async () => {
    for (let i = 0; i < 20; i++) {
      await ledger.journal.rotate();
      await ledger.published(ledger.sizes().durable);
      for (const { name, closed, end } of ledger.journal.segments()) {
        if (closed && end <= ledger.sizes().published) await ledger.journal.retire(name);
      }
    }
  })();
  const places = await appendAll(ledger, 8, 60);
  await retiring;
  await ledger.published(ledger.sizes().durable);
  await expectAt(storage, places);
  const report = await verifyLedger({ source: storageTiles(storage), vkey: signer.vkey });
  expect(report.failures).toEqual([]);
  expect(report.verified).toBe(ledger.sizes().durable);
  await ledger.close();
});

test('large groups follow small ones, and small ones large ones, in one chain', async () => {
  const storage = await lockedStorage({ putFromBytes: Infinity, appendFromBytes: 6_000 });
  const ledger = await openOn(storage);
  const append = (count: number, label: string): Promise<unknown> =>
    ledger.append(makeBatch({ count, label }));
  for (let at = 0; at < 100; at++) {
    const appended = [append(60, `first${at}`)];
    // Each time a group is on its way, and as often the disk is not done with it yet.
    for (const [next, count] of [1, 1, 60, 1, 60, 60].entries()) {
      for (let turns = 0; turns < 1 + ((at + next) % 3); turns++) await setImmediate();
      appended.push(append(count, `next${at}-${next}`), append(1, `small${at}-${next}`));
      if (next === 0) await Promise.all(appended);
    }
    await Promise.all(appended);
  }
  await ledger.published(ledger.sizes().durable);
  const report = await verifyLedger({ source: storageTiles(storage), vkey: signer.vkey });
  expect(report.failures).toEqual([]);
  await ledger.close();
});

test('more than a group takes goes on in the next one, in order, and what is appended is durable in that order', async () => {
  const storage = await lockedStorage();
  const ledger = await openOn(storage);
  const settled: number[] = [];
  const appended = Array.from({ length: 16 }, async (_, at) => {
    const batch = makeBatch({ count: 1_500, label: `g${at}`, entryBytes: 900 });
    const { first } = await ledger.append(batch);
    settled.push(first);
  });
  await ledger.barrier();
  expect(settled).toHaveLength(16);
  await Promise.all(appended);
  expect(settled).toEqual(Array.from({ length: 16 }, (_, at) => 1_500 * at));
  await ledger.published(16 * 1_500);
  const report = await verifyLedger({ source: storageTiles(storage), vkey: signer.vkey });
  expect(report.failures).toEqual([]);
  await ledger.close();
});

interface FillingStorage extends WritableStorage {
  /** The disk is full for frames that are streamed. */
  isFull: boolean;
  /** Called once a file was lent and the first frames for it are on their way. */
  onLent: () => void;
}

async function fillingStorage(storage: WritableStorage): Promise<FillingStorage> {
  const full = await open('/dev/full', 'r+');
  onTestFinished(() => full.close());
  const { lending } = storage;
  if (lending === undefined) throw new TypeError('this storage lends nothing');
  const filling: FillingStorage = {
    isFull: false,
    onLent: () => undefined,
    read: (name, range) => storage.read(name, range),
    list: (folder) => storage.list(folder),
    put: (files) => storage.put(files),
    append: (...appended) => storage.append(...appended),
    remove: (names) => storage.remove(names),
    release: () => storage.release(),
    lending: {
      fromBytes: 0,
      lend: (name, position, use) =>
        lending.lend(name, position, (fd) => {
          const end = use(filling.isFull ? full.fd : fd);
          filling.onLent();
          return end;
        }),
    },
  };
  return filling;
}

test('a full disk refuses all that is on its way, and the log goes on where it ended', async () => {
  const storage = await lockedStorage();
  const filling = await fillingStorage(storage);
  const ledger = await openOn(filling);
  await appendAll(ledger, 4, 5);
  const { durable } = ledger.sizes();
  filling.isFull = true;
  const refused = await Promise.allSettled(
    Array.from({ length: 12 }, (_, i) =>
      ledger.append(makeBatch({ count: 1_500, label: `refused${i}`, entryBytes: 900 })),
    ),
  );
  for (const result of refused) {
    expect(result).toMatchObject({
      status: 'rejected',
      reason: { code: 'append_failed', message: expect.stringContaining('the disk is full (ENOSPC)') },
    });
  }
  expect(ledger.sizes()).toMatchObject({ durable, sequenced: durable });
  filling.isFull = false;
  const places = await appendAll(ledger, 4, 5);
  await ledger.published(ledger.sizes().durable);
  await expectAt(filling, places);
  expect((await verifyLedger({ source: storageTiles(filling), vkey: signer.vkey })).failures).toEqual([]);
  await ledger.close();
});

/** A journal that holds nothing; it may meet no error that nobody waits for. */
function openJournal(storage: WritableStorage, thread?: FrameThread): SegmentedJournal {
  const errors: unknown[] = [];
  onTestFinished(() => expect(errors).toEqual([]));
  return new SegmentedJournal({
    storage,
    epochKeys: memoryEpochKeys(),
    segments: [],
    segmentMaxBytes: 1024 * 1024,
    segmentMaxAgeMs: 60_000,
    publishedSize: () => 0,
    onError: (error) => errors.push(error),
    ...(thread !== undefined && { thread }),
  });
}

/** Streams frames to a journal. */
function writerTo(journal: SegmentedJournal): (frame: UnlinkedFrame, isFollowing: boolean) => Promise<void> {
  return (frame, isFollowing) => journal.append(frame, { isAlone: false, isStreamed: true, isFollowing });
}

/** Groups that follow one another. */
function framesOf(count: number): UnlinkedFrame[] {
  const sequencer = new Sequencer('example.com/streamed', 0);
  return Array.from({ length: count }, (_, at) => {
    const group = new Group(sequencer.size);
    sequencer.add(makeBatch({ count: 5, label: `f${at}` }), group);
    return group.frame(undefined);
  });
}

test('a thread that ends takes what is on its way with it; the next frame is written by another', async () => {
  const storage = await lockedStorage();
  const script = new URL('../../../packages/ledger/src/journal/frame-worker.ts', import.meta.url);
  let starts = 0;
  const thread = new FrameThread(() => {
    starts++;
    return starts > 1
      ? new Worker(script)
      : new Worker(`require('node:worker_threads').parentPort.once('message', () => process.exit(1))`, {
          eval: true,
        });
  });
  const journal = openJournal(storage, thread);
  const write = writerTo(journal);
  const lost = await Promise.allSettled(framesOf(3).map((frame, at) => write(frame, at > 0)));
  for (const result of lost) {
    expect(result).toMatchObject({ reason: { message: 'the thread that writes the journal ended' } });
  }
  const [orphan] = framesOf(1);
  if (orphan === undefined) throw new TypeError('no frame');
  // Nobody knows any more what it follows.
  await expect(write(orphan, true)).rejects.toThrow();
  const [one, two] = framesOf(2);
  if (one === undefined || two === undefined) throw new TypeError('no frames');
  await Promise.all([write(one, false), write(two, true)]);
  expect(starts).toBe(2);
  const [segment] = journal.segments();
  const firsts: number[] = [];
  for await (const { first } of journal.read(segment?.name ?? '')) firsts.push(first);
  expect(firsts).toEqual([0, 5]);
  await journal.close();
});

test('a segment that was to end as a frame failed ends where it held together; the next begins there', async () => {
  const storage = await lockedStorage();
  const filling = await fillingStorage(storage);
  const journal = openJournal(filling);
  const write = writerTo(journal);
  const [one, two, three] = framesOf(3);
  if (one === undefined || two === undefined || three === undefined) throw new TypeError('no frames');
  await write(one, false);
  filling.isFull = true;
  const lent = Promise.withResolvers<void>();
  filling.onLent = lent.resolve;
  const refused = write(two, false);
  await lent.promise;
  const rotated = journal.rotate();
  // It waits for the next segment, and follows a frame that will not be there.
  const orphan = write(three, true);
  const settled = await Promise.allSettled([refused, orphan]);
  expect(settled).toMatchObject([{ reason: { code: 'ENOSPC' } }, { reason: { code: 'ENOSPC' } }]);
  await rotated;
  filling.isFull = false;
  await write({ ...two, previous: one.hashes.subarray(-32).toString('hex') }, false);
  expect(journal.segments().map(({ first, end, closed }) => [first, end, closed])).toEqual([
    [0, 5, true],
    [5, 10, false],
  ]);
  await journal.close();
  const recovered = await recoverSegments({
    storage,
    epochKeys: memoryEpochKeys(),
    publishedSize: 0,
    onFrame: () => undefined,
  });
  expect(recovered.map(({ first, end }) => [first, end])).toEqual([
    [0, 5],
    [5, 10],
  ]);
});
