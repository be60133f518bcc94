import { expect, test } from 'vitest';
import type { FileHandle, FileSystem } from '../../../packages/ledger/src/storage/file-system.ts';
import { FileTails } from '../../../packages/ledger/src/storage/file-tails.ts';
import { MemoryDisk } from '../../support/ledger/memory-disk.ts';

const ROOM_BYTES = 4096;

/** A disk that notes how it was synced, and takes its time when it is. */
class NotingDisk extends MemoryDisk {
  readonly syncs: ('blocking' | 'waiting')[] = [];
  blockedMs = 0;

  override async open(path: string, flags: 'r' | 'r+' | 'wx'): Promise<FileHandle> {
    const handle = await super.open(path, flags);
    const datasync = (): void => {
      this.syncs.push('blocking');
      for (const end = performance.now() + this.blockedMs; performance.now() < end;);
      handle.blocking.datasync();
    };
    return {
      ...handle,
      datasync: () => {
        this.syncs.push('waiting');
        return handle.datasync();
      },
      blocking: { ...handle.blocking, datasync },
    };
  }
}

interface Appending {
  disk: NotingDisk;
  /** Appends three bytes; tells how they were synced. */
  append: (isAlone: boolean, roomBytes?: number) => Promise<string | undefined>;
  content: () => Promise<string>;
}

/** A file with room behind what is there, and a disk that is known to be quick. */
async function makeAppending(): Promise<Appending> {
  const disk = new NotingDisk('/log');
  const files: FileSystem = disk;
  const tails = new FileTails(files, '/log');
  let position = 0;
  const append = async (isAlone: boolean, roomBytes = ROOM_BYTES): Promise<string | undefined> => {
    await tails.append('/log/file', position, [Buffer.from('a'), Buffer.from('bc')], roomBytes, isAlone);
    position += 3;
    return disk.syncs.at(-1);
  };
  for (let i = 0; i < 20; i++) await append(false);
  return {
    disk,
    append,
    content: async () => (await files.readFile('/log/file')).toString('latin1').replace(/\0+$/, ''),
  };
}

test('who is alone is written for in this thread, others are waited for', async () => {
  const { append, content, disk } = await makeAppending();
  expect(new Set(disk.syncs)).toEqual(new Set(['waiting']));
  expect(await append(true)).toBe('blocking');
  expect(await append(false)).toBe('waiting');
  expect(await append(true)).toBe('blocking');
  expect(await content()).toBe('abc'.repeat(23));
});

test('only what there is room for is written in this thread', async () => {
  const { append, content } = await makeAppending();
  expect(await append(true, 0)).toBe('waiting');
  // The room was cut off: it has to be made first.
  expect(await append(true)).toBe('waiting');
  expect(await append(true)).toBe('blocking');
  expect(await content()).toBe('abc'.repeat(23));
});

test('a disk that is slow does not block the thread again, until it has been quick for a while', async () => {
  const { append, disk } = await makeAppending();
  disk.blockedMs = 40;
  expect(await append(true)).toBe('blocking');
  expect(await append(true)).toBe('waiting');
  disk.blockedMs = 0;
  let appends = 1;
  for (let how = await append(true); how !== 'blocking'; how = await append(true)) {
    appends++;
    expect(appends).toBeLessThan(500);
  }
  expect(appends).toBeGreaterThan(5);
});
