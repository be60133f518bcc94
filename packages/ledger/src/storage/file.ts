import { join, resolve } from 'node:path';
import { isAbsent, nodeFileSystem, type FileSystem } from './file-system.ts';
import { FileTails } from './file-tails.ts';
import { acquireLock, type Lock } from './lock.ts';
import { checkName, STAGING } from './names.ts';
import { readableFiles } from './readable-files.ts';
import type { Lending, ReadableStorage, Storage, StoredFile, WritableStorage } from './storage.ts';
import { THREAD_FROM_BYTES, WholeFilesThread } from './whole-files-thread.ts';
import { WholeFiles, type WholeFileWriter } from './whole-files.ts';

/** From how many bytes at once on other threads do the work. */
export interface FileThreads {
  /** Of files that are put. */
  putFromBytes: number;
  /** Of what is appended to a file. */
  appendFromBytes: number;
}

/** Waking a thread, and being woken by it, takes about as long as hashing and sealing so much. */
const APPEND_FROM_BYTES = 64 * 1024;

const DEFAULT_THREADS: FileThreads = { putFromBytes: THREAD_FROM_BYTES, appendFromBytes: APPEND_FROM_BYTES };

/**
 * Keeps files in a directory, under their names. The lock is in `state/` below it.
 *
 * @param directory created with the first lock
 * @param files the operating system's, if not given; others are used in this thread alone
 * @param threads from how many bytes at once on other threads do the work
 */
export function fileStorage(
  directory: string,
  files: FileSystem = nodeFileSystem,
  threads: FileThreads = DEFAULT_THREADS,
): Storage {
  const root = resolve(directory);
  return {
    ...readableFiles(root, files),
    async lock(writer) {
      const lock = await acquireLock(join(root, 'state'), writer);
      try {
        const storage = new WritableFiles(root, files, lock, threads);
        await storage.clearStaging();
        return storage;
      } catch (error) {
        lock.release();
        throw error;
      }
    },
  };
}

class WritableFiles implements WritableStorage {
  readonly read: ReadableStorage['read'];
  readonly list: ReadableStorage['list'];
  readonly lending: Lending | undefined;
  readonly #root: string;
  readonly #files: FileSystem;
  readonly #lock: Lock;
  readonly #thread: WholeFilesThread | undefined;
  readonly #whole: WholeFileWriter;
  readonly #tails: FileTails;

  constructor(root: string, files: FileSystem, lock: Lock, threads: FileThreads) {
    const readable = readableFiles(root, files);
    this.read = (name, range) => readable.read(name, range);
    this.list = (folder) => readable.list(folder);
    this.#root = root;
    this.#files = files;
    this.#lock = lock;
    this.#thread = files === nodeFileSystem ? new WholeFilesThread(root, threads.putFromBytes) : undefined;
    this.#whole = this.#thread ?? new WholeFiles(files, root, '');
    this.#tails = new FileTails(files, root);
    this.lending = files === nodeFileSystem ? this.#lend(threads.appendFromBytes) : undefined;
  }

  async put(files: readonly StoredFile[]): Promise<void> {
    for (const { name } of files) checkName(name);
    // What is appended next is appended to the new file.
    for (const { name } of files) await this.#tails.close(join(this.#root, name));
    await this.#whole.put(files);
  }

  async append(
    name: string,
    position: number,
    buffers: readonly Uint8Array[],
    roomBytes = 0,
    isAlone = false,
  ): Promise<void> {
    checkName(name);
    await this.#tails.append(join(this.#root, name), position, buffers, roomBytes, isAlone);
  }

  #lend(fromBytes: number): Lending {
    return {
      fromBytes,
      lend: async (name, position, use) => {
        checkName(name);
        await this.#tails.lend(join(this.#root, name), position, use);
      },
    };
  }

  async remove(names: readonly string[]): Promise<void> {
    for (const name of names) checkName(name);
    for (const name of names) await this.#tails.close(join(this.#root, name));
    await this.#whole.remove(names);
  }

  async release(): Promise<void> {
    try {
      await this.#tails.closeAll();
    } finally {
      await this.#thread?.close();
      this.#lock.release();
    }
  }

  /** Removes what a crash left of files that were never renamed to their place. */
  async clearStaging(): Promise<void> {
    for (const name of ['', ...(await this.list(''))]) {
      if (name !== '' && !name.endsWith('/')) continue;
      const staging = join(this.#root, name, STAGING);
      try {
        for (const entry of await this.#files.readdir(staging, { withFileTypes: true })) {
          await this.#files.unlink(join(staging, entry.name));
        }
      } catch (error) {
        if (!isAbsent(error)) throw error;
      }
    }
  }
}
