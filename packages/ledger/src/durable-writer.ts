import { dirname, join } from 'node:path';
import type { Files } from './files.ts';

/** How many directories are remembered to exist. */
const MAX_KNOWN_DIRECTORIES = 4096;

/**
 * Writes files that are there whole or not at all: each is written and synced in a staging directory, then renamed to
 * its place. A file survives a power cut once {@link syncDirectories} has resolved after it was written.
 */
export class DurableWriter {
  readonly #files: Files;
  readonly #root: string;
  readonly #staging: string;
  readonly #known = new Set<string>();
  readonly #unsynced = new Set<string>();
  #count = 0;

  /**
   * @param root holds all that is written; it exists
   * @param staging a directory below it, which exists too
   */
  constructor(files: Files, root: string, staging: string) {
    this.#files = files;
    this.#root = root;
    this.#staging = staging;
  }

  /** Writes or replaces a file; its directory is created where it is missing. */
  async write(path: string, bytes: Uint8Array): Promise<void> {
    const staged = join(this.#staging, String(this.#count++));
    try {
      const file = await this.#files.create(staged);
      try {
        await file.write([bytes], 0);
        await file.datasync();
      } finally {
        await file.close();
      }
      await this.makeDirectory(dirname(path));
      try {
        await this.#files.rename(staged, path);
      } finally {
        // Not before: a sync that was under way would not cover it. And in any case: it may have taken effect.
        this.#unsynced.add(dirname(path));
      }
    } catch (error) {
      // On a full disk, what was left of every attempt would keep it full.
      await this.#files.unlink(staged).catch(() => undefined);
      throw error;
    }
  }

  /** Creates a directory and its parents, whose names are durable after {@link syncDirectories}. */
  async makeDirectory(path: string): Promise<void> {
    if (path === this.#root || this.#known.has(path)) return;
    const parent = dirname(path);
    await this.makeDirectory(parent);
    await this.#files.makeDirectory(path);
    // Also if it existed: whoever created it may have ended before its name was durable.
    this.#unsynced.add(parent);
    if (this.#known.size >= MAX_KNOWN_DIRECTORIES) this.#known.clear();
    this.#known.add(path);
  }

  /** Makes the names of all that was written and created so far durable. */
  async syncDirectories(): Promise<void> {
    // Not the set itself: others may add to it as long as this goes on.
    const paths = [...this.#unsynced];
    this.#unsynced.clear();
    for (let path = paths.pop(); path !== undefined; path = paths.pop()) {
      try {
        await this.#files.syncDirectory(path);
      } catch (error) {
        for (const left of [path, ...paths]) this.#unsynced.add(left);
        throw error;
      }
    }
  }

  /** Removes what a crash left in the staging directory. */
  async clearStaging(): Promise<void> {
    for (const name of await this.#files.list(this.#staging)) {
      await this.#files.unlink(join(this.#staging, name));
    }
  }
}
