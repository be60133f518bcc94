import { dirname, join, resolve } from 'node:path';
import { Directories } from './directories.ts';
import {
  isAbsent,
  nodeFileSystem,
  readAll,
  withHandle,
  writeAll,
  type FileHandle,
  type FileSystem,
} from './file-system.ts';
import { FileTails } from './file-tails.ts';
import { acquireLock, type Lock } from './lock.ts';
import { checkFolder, checkName } from './names.ts';
import type { ByteRange, ReadableStorage, Storage, StoredFile, WritableStorage } from './storage.ts';

/** Where files are written before they are renamed to their place. No name of a stored file can be this. */
const STAGING = '.staging';

/**
 * How many files are written at once. node:fs has four threads; one is left for the journal, whose sync the senders
 * wait for.
 */
const CONCURRENT_WRITES = 3;

/**
 * Keeps files in a directory, under their names. The lock is in `state/` below it.
 *
 * @param directory created with the first lock
 * @param files the operating system's, if not given
 */
export function fileStorage(directory: string, files: FileSystem = nodeFileSystem): Storage {
  const root = resolve(directory);
  return {
    ...readableFiles(root, files),
    async lock(writer) {
      const lock = await acquireLock(join(root, 'state'), writer);
      try {
        const storage = new WritableFiles(root, files, lock);
        await storage.clearStaging();
        return storage;
      } catch (error) {
        lock.release();
        throw error;
      }
    },
  };
}

function readableFiles(root: string, files: FileSystem): ReadableStorage {
  return {
    async read(name, range) {
      checkName(name);
      const path = join(root, name);
      try {
        if (range === undefined) return await files.readFile(path);
        return await withHandle(files, path, 'r', (handle) => readRange(handle, range));
      } catch (error) {
        if (isAbsent(error)) return undefined;
        throw error;
      }
    },
    async list(folder) {
      checkFolder(folder);
      try {
        const entries = await files.readdir(join(root, folder), { withFileTypes: true });
        return entries
          .filter(({ name }) => name !== STAGING)
          .map((entry) => (entry.isDirectory() ? `${entry.name}/` : entry.name));
      } catch (error) {
        if (isAbsent(error)) return [];
        throw error;
      }
    },
  };
}

async function readRange(handle: FileHandle, { start, end }: ByteRange): Promise<Buffer> {
  const { size } = await handle.stat();
  const bytes = Buffer.allocUnsafe(Math.max(0, Math.min(end, size) - start));
  return bytes.subarray(0, await readAll(handle, bytes, start));
}

class WritableFiles implements WritableStorage {
  readonly read: ReadableStorage['read'];
  readonly list: ReadableStorage['list'];
  readonly #root: string;
  readonly #files: FileSystem;
  readonly #lock: Lock;
  readonly #directories: Directories;
  readonly #tails: FileTails;
  #staged = 0;

  constructor(root: string, files: FileSystem, lock: Lock) {
    const readable = readableFiles(root, files);
    this.read = (name, range) => readable.read(name, range);
    this.list = (folder) => readable.list(folder);
    this.#root = root;
    this.#files = files;
    this.#lock = lock;
    this.#directories = new Directories(files, root);
    this.#tails = new FileTails(files, this.#directories);
  }

  async put(files: readonly StoredFile[]): Promise<void> {
    for (const { name } of files) checkName(name);
    const next = files.values();
    const writeSome = async (): Promise<void> => {
      for (const { name, bytes } of next) await this.#write(name, bytes);
    };
    const writers = Math.min(CONCURRENT_WRITES, files.length);
    const results = await Promise.allSettled(Array.from({ length: writers }, writeSome));
    for (const result of results) if (result.status === 'rejected') throw result.reason;
    await this.#directories.sync(files.map(({ name }) => dirname(join(this.#root, name))));
  }

  async append(name: string, position: number, buffers: readonly Uint8Array[]): Promise<void> {
    checkName(name);
    await this.#tails.append(join(this.#root, name), position, buffers);
  }

  async remove(names: readonly string[]): Promise<void> {
    for (const name of names) checkName(name);
    const directories = new Set<string>();
    for (const name of names) {
      const path = join(this.#root, name);
      await this.#tails.close(path);
      try {
        await this.#files.unlink(path);
      } catch (error) {
        if (!isAbsent(error)) throw error;
      } finally {
        this.#directories.noteChange(dirname(path));
      }
      directories.add(dirname(path));
    }
    for (const directory of directories) await this.#directories.removeEmpty(directory);
    await this.#directories.sync(directories);
  }

  async release(): Promise<void> {
    try {
      await this.#tails.closeAll();
    } finally {
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

  async #write(name: string, bytes: Uint8Array): Promise<void> {
    const path = join(this.#root, name);
    // Beside the first part of the name, which may be a mount of its own.
    const staging = join(this.#root, dirname(name) === '.' ? '' : (name.split('/')[0] ?? ''), STAGING);
    await this.#directories.make(staging);
    const staged = join(staging, String(this.#staged++));
    try {
      await withHandle(this.#files, staged, 'wx', async (handle) => {
        await writeAll(handle, [bytes], 0);
        await handle.datasync();
      });
      await this.#directories.make(dirname(path));
      // What is appended next is appended to the new file.
      await this.#tails.close(path);
      try {
        await this.#files.rename(staged, path);
      } finally {
        // In any case: it may have taken effect.
        this.#directories.noteChange(dirname(path));
      }
    } catch (error) {
      // On a full disk, what was left of every attempt would keep it full.
      await this.#files.unlink(staged).catch(() => undefined);
      throw error;
    }
  }
}
