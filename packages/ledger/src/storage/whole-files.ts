import { dirname, join } from 'node:path';
import { Directories } from './directories.ts';
import { isAbsent, writeAll, type FileHandle, type FileSystem } from './file-system.ts';
import type { StoredFile } from './storage.ts';
import { STAGING } from './names.ts';

/**
 * How many files are written at once. node:fs has four threads; one is left for the journal, whose sync the senders
 * wait for.
 */
const CONCURRENT_WRITES = 3;

/** How many files are staged, and open, at once. */
const MAX_STAGED = 32;

/** What is done to files as wholes: the part of the file driver that can do it in a thread of its own. */
export interface WholeFileWriter {
  /** As `WritableStorage.put`, of names that were checked. */
  put(files: readonly StoredFile[]): Promise<void>;
  /** As `WritableStorage.remove`, of names that were checked. */
  remove(names: readonly string[]): Promise<void>;
}

/** Creates, replaces and removes files below a directory. */
export class WholeFiles implements WholeFileWriter {
  readonly #files: FileSystem;
  readonly #root: string;
  readonly #stagedPrefix: string;
  readonly #directories: Directories;
  #staged = 0;

  /**
   * @param root exists, durably
   * @param stagedPrefix keeps apart what several of them stage at the same time
   */
  constructor(files: FileSystem, root: string, stagedPrefix: string) {
    this.#files = files;
    this.#root = root;
    this.#stagedPrefix = stagedPrefix;
    this.#directories = new Directories(files, root);
  }

  async put(files: readonly StoredFile[]): Promise<void> {
    for (let at = 0; at < files.length; at += MAX_STAGED)
      await this.#putSome(files.slice(at, at + MAX_STAGED));
    await this.#directories.sync(files.map(({ name }) => dirname(join(this.#root, name))));
  }

  async remove(names: readonly string[]): Promise<void> {
    const directories = new Set<string>();
    for (const name of names) {
      const path = join(this.#root, name);
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

  /** Writes all, then syncs all, then renames all: syncs that follow one another share what the file system commits. */
  async #putSome(files: readonly StoredFile[]): Promise<void> {
    const staged: StagedFile[] = [];
    try {
      await forAll(files, async (file) => {
        staged.push(await this.#stage(file));
      });
      await forAll(staged, ({ handle }) => handle.datasync());
      await forAll(staged, (file) => this.#show(file));
    } catch (error) {
      // On a full disk, what was left of every attempt would keep it full.
      for (const { at } of staged) await this.#files.unlink(at).catch(() => undefined);
      throw error;
    } finally {
      for (const { handle } of staged) await handle.close();
    }
  }

  async #stage({ name, bytes }: StoredFile): Promise<StagedFile> {
    // Beside the first part of the name, which may be a mount of its own.
    const staging = join(this.#root, dirname(name) === '.' ? '' : (name.split('/')[0] ?? ''), STAGING);
    await this.#directories.make(staging);
    const at = join(staging, `${this.#stagedPrefix}${this.#staged++}`);
    const handle = await this.#files.open(at, 'wx');
    try {
      await writeAll(handle, [bytes], 0);
    } catch (error) {
      await handle.close();
      await this.#files.unlink(at).catch(() => undefined);
      throw error;
    }
    return { at, path: join(this.#root, name), handle };
  }

  async #show({ at, path }: StagedFile): Promise<void> {
    try {
      await this.#directories.within(dirname(path), () => this.#files.rename(at, path));
    } finally {
      // In any case: it may have taken effect.
      this.#directories.noteChange(dirname(path));
    }
  }
}

/** A file that is written, and waits to be synced and renamed to its place. */
interface StagedFile {
  at: string;
  path: string;
  handle: FileHandle;
}

/** Does something for all, some at a time; if it rejects, nothing is under way any more. */
async function forAll<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const next = items.values();
  const workSome = async (): Promise<void> => {
    for (const item of next) await work(item);
  };
  const results = await Promise.allSettled(Array.from({ length: CONCURRENT_WRITES }, workSome));
  for (const result of results) if (result.status === 'rejected') throw result.reason;
}
