import { dirname } from 'node:path';
import { Directories } from './directories.ts';
import { hasCode, writeAll, writeAllBlocking, type FileHandle, type FileSystem } from './file-system.ts';

/** How many files that were appended to stay open: the journal's segment and the history of checkpoints. */
const MAX_OPEN_TAILS = 2;

/** An append of more than this share of the room asked for makes none: it would be used up at once. */
const MAX_SHARE_OF_ROOM = 1 / 4;

/**
 * The thread is blocked by appends only while the disk takes less than this for one, on average. A slower disk gains nothing
 * by it, and one that hangs for once is not waited for like that again.
 */
const MAX_BLOCKING_MS = 1;

/** How much the last append counts in that average. */
const LAST_SHARE = 1 / 16;

/** A file that is open for appending. */
interface Tail {
  handle: FileHandle;
  /** Where it ends but for room, if all of that is durable; undefined when that is not known. */
  durableSize: number | undefined;
  /** Where its room ends: from `durableSize` to there it is zeros. */
  roomEnd: number;
  /** Something is being appended. */
  isBusy: boolean;
}

/** Appends to files, and keeps those open that were appended to last. */
export class FileTails {
  readonly #files: FileSystem;
  readonly #directories: Directories;
  /** By path, the one unused for the longest time first. */
  readonly #tails = new Map<string, Tail>();
  /** How long it takes to write and sync what fits into the room: an average of late, in milliseconds. */
  #averageMs = MAX_BLOCKING_MS;

  /** @param root exists, durably */
  constructor(files: FileSystem, root: string) {
    this.#files = files;
    // Directories of its own: those that whole files are in come and go, perhaps in another thread.
    this.#directories = new Directories(files, root, 0);
  }

  /**
   * Makes a file end with some bytes from `position` on, durably; there may be up to `roomBytes` zeros behind them. What is
   * written into that room changes no size and takes no block, so that its sync has nothing to commit but the bytes: with
   * one caller it makes 1.5 times the rate (docs/benchmarks.md).
   *
   * @param isAlone nobody else waits to append. What fits into the room is then written and synced in this thread: to wake
   *   one of node:fs, and to be woken by it, takes as long as half of a sync.
   */
  async append(
    path: string,
    position: number,
    buffers: readonly Uint8Array[],
    roomBytes: number,
    isAlone: boolean,
  ): Promise<void> {
    const tail = this.#tails.get(path);
    if (tail === undefined || roomBytes === 0 || !hasRoom(tail, position, buffers)) {
      await this.#openAndWrite(path, position, buffers, roomBytes);
      return;
    }
    const started = performance.now();
    if (isAlone && this.#averageMs < MAX_BLOCKING_MS) {
      writeIntoRoom(tail, position, buffers);
    } else {
      await this.#openAndWrite(path, position, buffers, roomBytes);
    }
    this.#averageMs += (performance.now() - started - this.#averageMs) * LAST_SHARE;
  }

  /**
   * As {@link append}, with bytes that another thread writes and syncs. The file's name is durable before.
   *
   * @param use given the number of the open file; gives where it ends then
   * @throws TypeError if no other thread can use the file
   */
  async lend(path: string, position: number, use: (fd: number) => Promise<number>): Promise<void> {
    await this.#withTail(path, position, async (tail) => {
      if (tail.handle.fd === undefined) throw new TypeError(`${path} cannot be used by another thread`);
      await this.#cutAt(path, tail, position, true);
      await this.#directories.sync([dirname(path)]);
      const end = await use(tail.handle.fd);
      tail.durableSize = end;
      tail.roomEnd = Math.max(tail.roomEnd, end);
    });
  }

  async #openAndWrite(
    path: string,
    position: number,
    buffers: readonly Uint8Array[],
    roomBytes: number,
  ): Promise<void> {
    await this.#withTail(path, position, async (tail) => {
      const end = buffers.reduce((sum, { length }) => sum + length, position);
      const isCut = await this.#cutAt(path, tail, position, roomBytes > 0 || tail.roomEnd <= end);
      const makesRoom = end > tail.roomEnd && end - position <= roomBytes * MAX_SHARE_OF_ROOM;
      const room = makesRoom ? [new Uint8Array(roomBytes)] : [];
      await writeAll(tail.handle, [...buffers, ...room], position);
      if (isCut || end > position) await tail.handle.datasync();
      await this.#directories.sync([dirname(path)]);
      tail.durableSize = end;
      tail.roomEnd = Math.max(tail.roomEnd, makesRoom ? end + roomBytes : end);
    });
  }

  async #withTail(path: string, position: number, use: (tail: Tail) => Promise<void>): Promise<void> {
    const tail = await this.#open(path, position);
    tail.isBusy = true;
    try {
      await use(tail);
    } finally {
      tail.isBusy = false;
      await this.#closeOldest();
    }
  }

  /**
   * Has a file end at `position`, before something is written there: how it ends is not known until that is durable.
   *
   * @param mayHaveRoom what is known to be room may stay
   * @returns whether something was cut off
   */
  async #cutAt(path: string, tail: Tail, position: number, mayHaveRoom: boolean): Promise<boolean> {
    const size = tail.durableSize ?? (await tail.handle.stat()).size;
    if (size < position) throw new Error(`${path} has ${size} bytes, nothing can be appended at ${position}`);
    const isAsItShould = tail.durableSize === position && mayHaveRoom;
    tail.durableSize = undefined;
    if (isAsItShould) return false;
    await tail.handle.truncate(position);
    tail.roomEnd = position;
    return true;
  }

  /** Closes a file, if it is open. */
  async close(path: string): Promise<void> {
    const tail = this.#tails.get(path);
    this.#tails.delete(path);
    await tail?.handle.close();
  }

  /** Closes all files. */
  async closeAll(): Promise<void> {
    for (const path of this.#tails.keys()) await this.close(path);
  }

  async #open(path: string, position: number): Promise<Tail> {
    const kept = this.#tails.get(path);
    // Set again, it moves to the end.
    this.#tails.delete(path);
    const handle = kept?.handle ?? (await this.#openFile(path, position === 0));
    const tail = kept ?? { handle, durableSize: undefined, roomEnd: 0, isBusy: false };
    this.#tails.set(path, tail);
    return tail;
  }

  async #closeOldest(): Promise<void> {
    for (const [path, { isBusy }] of this.#tails) {
      if (this.#tails.size <= MAX_OPEN_TAILS) return;
      // Whatever comes of it: all that was written is durable.
      if (!isBusy) await this.close(path).catch(() => undefined);
    }
  }

  async #openFile(path: string, mayCreate: boolean): Promise<FileHandle> {
    if (!mayCreate) {
      const handle = await this.#files.open(path, 'r+');
      // Whoever created it may have ended before its name was durable.
      await this.#directories.make(dirname(path));
      this.#directories.noteChange(dirname(path));
      return handle;
    }
    try {
      return await this.#directories.within(dirname(path), () => this.#create(path));
    } finally {
      this.#directories.noteChange(dirname(path));
    }
  }

  async #create(path: string): Promise<FileHandle> {
    try {
      return await this.#files.open(path, 'wx');
    } catch (error) {
      if (!hasCode(error, 'EEXIST')) throw error;
      return await this.#files.open(path, 'r+');
    }
  }
}

/** Whether bytes from `position` on follow what is there, and are no more than what there is room for. */
function hasRoom(tail: Tail, position: number, buffers: readonly Uint8Array[]): boolean {
  const end = buffers.reduce((sum, { length }) => sum + length, position);
  return !tail.isBusy && tail.durableSize === position && end > position && end <= tail.roomEnd;
}

/** Blocks the thread until it is done. */
function writeIntoRoom(tail: Tail, position: number, buffers: readonly Uint8Array[]): void {
  tail.durableSize = undefined;
  writeAllBlocking(tail.handle.blocking, buffers, position);
  tail.handle.blocking.datasync();
  tail.durableSize = buffers.reduce((sum, { length }) => sum + length, position);
}
