import { rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { expect, test } from 'vitest';
import { openSyncable, SegmentSyncer } from '../../../packages/instrumentation/src/sender/segment-syncer.ts';
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
  const open: string[] = [];
  let confirmed = { segment: 1, offset: 0 };
  const syncer = new SegmentSyncer({
    folder,
    counters,
    confirmed: () => confirmed,
    open: (path, what) => {
      const file = openSyncable(path, what);
      const name = `${what} ${path.slice(scratch.path.length)}`;
      if (file === undefined) return undefined;
      open.push(name);
      return {
        get sizeBytes() {
          return file.sizeBytes;
        },
        sync: () => {
          synced.push(name);
          file.sync();
        },
        close: () => {
          open.splice(open.indexOf(name), 1);
          file.close();
        },
      };
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
  expect(open, 'only the newest stays open').toEqual(['file /live/00000002.segment']);
  writer.append('final', [], Buffer.from('z'), 1);
  confirmed = writer.position ?? confirmed;
  expect(run()).toEqual([]);
  expect(counters.synced).toBe(counters.appended);
  writer.append('final', [], Buffer.from('z'), 1);
  expect(run()).toEqual(['file /live/00000002.segment']);
  // Two at once, and a third after the folder was removed.
  writer.append('final', [], BODY, 1);
  writer.append('final', [], BODY, 1);
  expect(run()).toEqual(
    [2, 3, 4].map((number) => `file /live/0000000${number}.segment`).concat('directory /live'),
  );
  rmSync(folder, { recursive: true });
  writer.append('final', [], Buffer.from('z'), 1);
  expect(run()).toContain('file /live/00000005.segment');
  expect(counters.synced).toBe(counters.appended);
});

test('a syncer that comes later begins with the oldest that has not arrived', async () => {
  await using scratch = await scratchDirectory();
  const counters = new SpoolCounters();
  const writer = writerInto(scratch.path, 'live', { maxBytes: 8_000, counters });
  for (let count = 0; count < 4; count++) writer.append('final', [], BODY, 1);
  const synced: string[] = [];
  rmSync(join(scratch.path, 'live', '00000001.segment'));
  const syncer = new SegmentSyncer({
    folder: join(scratch.path, 'live'),
    counters,
    confirmed: () => ({ segment: 1, offset: 0 }),
    open: (path) => ({ sizeBytes: 1, sync: () => synced.push(basename(path)), close: () => undefined }),
  });
  syncer.run();
  expect(synced.slice(0, -2)).toEqual(['00000002.segment', '00000003.segment', '00000004.segment']);
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
    open: () => ({
      sizeBytes: 1,
      sync: () => {
        calls += 1;
        if (fails) throw new Error('EIO');
      },
      close: () => undefined,
    }),
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
  expect(openSyncable('/nonexistent/00000001.segment', 'file')).toBeUndefined();
  expect(() => {
    openSyncable('/dev/null/x', 'file');
  }).toThrow();
});
