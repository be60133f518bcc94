import { dirname } from 'node:path';
import { SerialQueue } from '../serial-queue.ts';
import { hasCode, isAbsent, withHandle, type FileSystem } from './file-system.ts';

/** How many directories are remembered to exist, if nothing else is asked for. */
const MAX_KNOWN_DIRECTORIES = 4096;

/** How often a directory is created again that others remove. */
const MAX_ATTEMPTS = 10;

/** Creates directories below a root, and makes the names in them durable. */
export class Directories {
  readonly #files: FileSystem;
  readonly #root: string;
  readonly #maxKnown: number;
  readonly #known = new Set<string>();
  /** Those whose names may not be durable. */
  readonly #unsynced = new Set<string>();
  readonly #queue = new SerialQueue();
  #syncing: string | undefined;

  /**
   * @param root exists, durably
   * @param maxKnown how many directories are remembered to exist: 0 where others may remove them
   */
  constructor(files: FileSystem, root: string, maxKnown: number = MAX_KNOWN_DIRECTORIES) {
    this.#files = files;
    this.#root = root;
    this.#maxKnown = maxKnown;
  }

  /** Creates a directory below the root, and its parents. */
  async make(path: string): Promise<void> {
    if (path === this.#root || this.#known.has(path)) return;
    const parent = dirname(path);
    await this.make(parent);
    try {
      await this.#files.mkdir(path);
    } catch (error) {
      if (!hasCode(error, 'EEXIST')) throw error;
    } finally {
      // Also if it existed: whoever created it may have ended before its name was durable.
      this.#unsynced.add(parent);
    }
    if (this.#known.size >= this.#maxKnown) this.#known.clear();
    if (this.#maxKnown > 0) this.#known.add(path);
  }

  /** Does something in a directory below the root, which is created where it is missing. */
  async within<T>(path: string, action: () => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        await this.make(path);
        return await action();
      } catch (error) {
        if (!hasCode(error, 'ENOENT') || attempt === MAX_ATTEMPTS) throw error;
        // It got empty and was removed just then.
        for (let at = path; at !== this.#root; at = dirname(at)) this.#known.delete(at);
      }
    }
  }

  /** Notes that names in a directory were changed, or may have been. Not before: a sync under way might miss it. */
  noteChange(path: string): void {
    this.#unsynced.add(path);
  }

  /** Removes a directory below the root if it is empty, and its parents that get empty, but none directly below the root. */
  async removeEmpty(path: string): Promise<void> {
    const parent = dirname(path);
    if (path === this.#root || parent === this.#root) return;
    try {
      await this.#files.rmdir(path);
    } catch (error) {
      if (hasCode(error, 'ENOTEMPTY', 'EEXIST')) return;
      if (!isAbsent(error)) throw error;
    } finally {
      // In any case: it may have taken effect.
      this.#known.delete(path);
    }
    this.#unsynced.add(parent);
    await this.removeEmpty(parent);
  }

  /** Makes the names of directories durable, and those of their parents. */
  async sync(paths: Iterable<string>): Promise<void> {
    const wanted = new Set<string>();
    for (const path of paths) {
      for (let at = path; ; at = dirname(at)) {
        wanted.add(at);
        if (at === this.#root) break;
      }
    }
    // One after the other: what another call is syncing for us just now is durable only once that has succeeded.
    if ([...wanted].some((path) => this.#unsynced.has(path) || path === this.#syncing)) {
      await this.#queue.run(() => this.#syncAll(wanted));
    }
  }

  async #syncAll(paths: ReadonlySet<string>): Promise<void> {
    for (const path of paths) if (this.#unsynced.delete(path)) await this.#syncOne(path);
  }

  async #syncOne(path: string): Promise<void> {
    this.#syncing = path;
    try {
      await withHandle(this.#files, path, 'r', (handle) => handle.sync());
    } catch (error) {
      // It was removed since: its own name is its parent's.
      if (isAbsent(error)) return;
      this.#unsynced.add(path);
      throw error;
    } finally {
      this.#syncing = undefined;
    }
  }
}
