import { join } from 'node:path';
import { expect, test } from 'vitest';
import { SegmentSyncer, syncPath } from '../../../packages/instrumentation/src/sender/segment-syncer.ts';
import { SpoolCounters } from '../../../packages/instrumentation/src/spool/spool-counters.ts';
import { scratchDirectory } from '../../support/instrumentation/scratch.ts';
import { writerInto } from '../../support/instrumentation/spool.ts';

const BODY = Buffer.alloc(600, 'x');

test('what is new is synced, once, with its name; what has arrived is not', async () => {
  await using scratch = await scratchDirectory();
  const counters = new SpoolCounters();
  const writer = writerInto(scratch.path, 'live', { maxBytes: 8_000, counters });
  const folder = join(scratch.path, 'live');
  const synced: string[] = [];
  let confirmed = { segment: 1, offset: 0 };
  const syncer = new SegmentSyncer({
    folder,
    counters,
    confirmed: () => confirmed,
    sync: (path, what) => {
      synced.push(`${what} ${path.slice(scratch.path.length)}`);
      syncPath(path, what);
    },
  });
  const run = (): string[] => {
    synced.length = 0;
    syncer.run();
    return [...synced];
  };
  expect(run()).toEqual([]);
  writer.append('final', [], BODY, 1);
  expect(run()).toEqual(['file /live/00000001.segment', 'directory /live', 'directory ']);
  expect(run()).toEqual([]);
  writer.append('final', [], Buffer.from('y'), 1);
  expect(run()).toEqual(['file /live/00000001.segment']);
  // The first one grew once more before it was closed.
  writer.append('final', [], Buffer.from('y'), 1);
  writer.append('final', [], BODY, 1);
  expect(run()).toEqual(['file /live/00000001.segment', 'file /live/00000002.segment', 'directory /live']);
  writer.append('final', [], Buffer.from('z'), 1);
  confirmed = writer.position ?? confirmed;
  expect(run()).toEqual([]);
  expect(counters.synced).toBe(counters.appended);
});

test('a sync that fails is tried again', async () => {
  await using scratch = await scratchDirectory();
  const counters = new SpoolCounters();
  const writer = writerInto(scratch.path, 'live', { counters });
  writer.append('final', [], BODY, 1);
  let fails = true;
  let calls = 0;
  const syncer = new SegmentSyncer({
    folder: join(scratch.path, 'live'),
    counters,
    confirmed: () => ({ segment: 1, offset: 0 }),
    sync: () => {
      calls += 1;
      if (fails) throw new Error('EIO');
    },
  });
  expect(() => {
    syncer.run();
  }).toThrow();
  expect(counters.synced).not.toBe(counters.appended);
  fails = false;
  syncer.run();
  expect(calls).toBe(4);
  expect(counters.synced).toBe(counters.appended);
});

test('a file that has gone has arrived', () => {
  syncPath('/nonexistent/00000001.segment', 'file');
  expect(() => {
    syncPath('/dev/null/x', 'file');
  }).toThrow();
});
