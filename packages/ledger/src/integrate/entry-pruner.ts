import { LOG_FOLDER } from '../storage/tiles.ts';
import type { WritableStorage } from '../storage/storage.ts';
import { formatMinimumIndex, MINIMUM_INDEX_PATH, parseMinimumIndex } from '../verify/minimum-index.ts';
import { entryBundlePath, TILE_WIDTH } from '../verify/tile.ts';

const MINIMUM_INDEX_FILE = `${LOG_FOLDER}/${MINIMUM_INDEX_PATH}`;

/** How many bundles are in one folder: the last three digits of their index. */
const BUNDLES_IN_FOLDER = 1000;

/** Files that are removed together. */
const REMOVED_AT_ONCE = 64;

/**
 * Removes the entry bundles of a prefix. The minimum index is durable before the first of them goes; what a crash leaves
 * below it goes with the next pruning. Tiles of hashes stay.
 */
export class EntryPruner {
  readonly #storage: WritableStorage;
  #minimumIndex: number;
  /** The first bundle that may be there. */
  #sweptTo = 0;
  #work: Promise<void> = Promise.resolve();

  private constructor(storage: WritableStorage, minimumIndex: number) {
    this.#storage = storage;
    this.#minimumIndex = minimumIndex;
  }

  /** Reads how far a log is pruned. */
  static async open(storage: WritableStorage): Promise<EntryPruner> {
    const bytes = await storage.read(MINIMUM_INDEX_FILE);
    return new EntryPruner(storage, (bytes && parseMinimumIndex(bytes)) ?? 0);
  }

  /** The first index that the log still has. */
  get minimumIndex(): number {
    return this.#minimumIndex;
  }

  /**
   * Removes the bundles of all entries below an index, one call after the other.
   *
   * @param minimumIndex a multiple of 256; below the one before, nothing is done but what a crash left
   */
  prune(minimumIndex: number): Promise<void> {
    const pruned = this.#work.then(() => this.#prune(minimumIndex));
    this.#work = pruned.catch(() => undefined);
    return pruned;
  }

  /** Resolves once nothing is under way. */
  async close(): Promise<void> {
    await this.#work;
  }

  async #prune(minimumIndex: number): Promise<void> {
    if (minimumIndex > this.#minimumIndex) {
      const bytes = formatMinimumIndex(minimumIndex);
      await this.#storage.put([{ name: MINIMUM_INDEX_FILE, bytes }]);
      this.#minimumIndex = minimumIndex;
    }
    const end = this.#minimumIndex / TILE_WIDTH;
    while (this.#sweptTo < end) {
      await this.#clearFolder(this.#sweptTo, end);
      this.#sweptTo = Math.min(end, (Math.floor(this.#sweptTo / BUNDLES_IN_FOLDER) + 1) * BUNDLES_IN_FOLDER);
    }
  }

  /** Removes what is below `end` of the folder that a bundle is in; partial versions too. */
  async #clearFolder(bundle: number, end: number): Promise<void> {
    const first = bundle - (bundle % BUNDLES_IN_FOLDER);
    const folder = `${LOG_FOLDER}/${entryBundlePath(first)}`.slice(0, -'/000'.length);
    const names: string[] = [];
    for (const name of await this.#storage.list(folder)) {
      const [, digits, partial] = /^([0-9]{3})(\.p\/)?$/.exec(name) ?? [];
      if (digits === undefined || first + Number(digits) >= end) continue;
      if (partial === undefined) names.push(`${folder}/${digits}`);
      else {
        const widths = await this.#storage.list(`${folder}/${digits}.p`);
        names.push(...widths.map((width) => `${folder}/${digits}.p/${width}`));
      }
    }
    names.sort();
    for (let at = 0; at < names.length; at += REMOVED_AT_ONCE) {
      await this.#storage.remove(names.slice(at, at + REMOVED_AT_ONCE));
    }
  }
}
