import type { WritableStorage } from '../storage/storage.ts';
import { LOG_FOLDER } from '../storage/tiles.ts';
import { entryBundlePath, hashCountAtLevel, TILE_WIDTH, tilePath } from '../verify/tile.ts';

/** What a {@link PartialTiles} is made of. */
export interface PartialTilesOptions {
  storage: WritableStorage;
  /** The published size. */
  size: number;
  /** How long a checkpoint must have covered the full tile, in milliseconds. */
  graceMs: number;
  /** Told of each failure; it is tried again. */
  onError: (error: unknown) => void;
}

/** A tile, or an entry bundle, of which there are partial versions. */
interface Superseded {
  /** The full one's. */
  path: string;
  level: number;
  index: number;
}

/** How many folders are listed and tiles are cleared of their partial versions in one step. */
const MAX_STEP_OPERATIONS = 64;

/** The pause between two steps; a shorter grace period makes for a shorter one. */
const STEP_PAUSE_MS = 250;

/** How many tiles are remembered; of those beyond, the next sweep finds what is left. */
const MAX_NOTED = 65_536;

/** How many tiles are in one folder: the last three digits of their index. */
const TILES_IN_FOLDER = 1000;

/**
 * Removes partial tiles and entry bundles that are superseded: the full one is there, and has been covered by a
 * published checkpoint for so long that nobody is in the middle of reading an older one. Whoever reads later asks for the
 * full one, as tlog-tiles has it.
 *
 * What this process wrote is remembered. What an earlier one left behind is found by a sweep over the folders of the log,
 * once. Neither needs to be stored: a crash leaves some more files for the next sweep.
 */
export class PartialTiles {
  readonly #options: PartialTilesOptions;
  /** By path. */
  readonly #noted = new Map<string, Superseded>();
  /** What the sweep finds next; undefined once it is through. */
  #sweep: AsyncGenerator<Superseded | undefined> | undefined;
  /** The published size. */
  #published: number;
  /** The size that was published when the grace period under way began. */
  #ripening: number;
  /** The size that has been published for longer than the grace period. */
  #ripe = 0;
  #graceTimer: NodeJS.Timeout | undefined;
  #stepTimer: NodeJS.Timeout | undefined;
  #step: Promise<void> = Promise.resolve();
  #isClosed = false;

  constructor(options: PartialTilesOptions) {
    this.#options = options;
    this.#published = options.size;
    this.#ripening = options.size;
    this.#sweep = this.#leftovers();
    this.wrote(options.size);
    this.#ripen();
  }

  /** To be called when partial tiles of a size are about to be written. */
  wrote(size: number): void {
    if (this.#noted.size >= MAX_NOTED) {
      this.#sweep = this.#leftovers();
      return;
    }
    for (let level = 0, count = size; count > 0; level++, count = hashCountAtLevel(size, level)) {
      const index = Math.floor(count / TILE_WIDTH);
      if (count % TILE_WIDTH === 0) continue;
      this.#note({ path: tilePath(level, index), level, index });
      if (level === 0) this.#note({ path: entryBundlePath(index), level, index });
    }
  }

  /** To be called when a checkpoint of a size is published. */
  published(size: number): void {
    this.#published = size;
    this.#ripen();
  }

  /** Ends the removing; resolves once nothing of it is under way. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#graceTimer);
    clearTimeout(this.#stepTimer);
    await this.#step;
  }

  #note(tile: Superseded): void {
    this.#noted.set(tile.path, tile);
  }

  /** One grace period after the other, so that each size that was published at the beginning of one is ripe at its end. */
  #ripen(): void {
    if (this.#graceTimer !== undefined || this.#isClosed) return;
    if (this.#ripening === this.#ripe) this.#ripening = this.#published;
    if (this.#ripening === this.#ripe) return;
    this.#graceTimer = setTimeout(() => {
      this.#graceTimer = undefined;
      this.#ripe = this.#ripening;
      this.#ripen();
      this.#schedule();
    }, this.#options.graceMs).unref();
  }

  #schedule(): void {
    if (this.#stepTimer !== undefined || this.#isClosed) return;
    this.#stepTimer = setTimeout(
      () => {
        this.#step = this.#work()
          .catch((error: unknown) => {
            this.#options.onError(error);
            return true;
          })
          .then((isMore) => {
            this.#stepTimer = undefined;
            if (isMore) this.#schedule();
          });
      },
      Math.min(STEP_PAUSE_MS, this.#options.graceMs),
    ).unref();
  }

  /** Does a bounded part of what there is to do; tells whether there is more. */
  async #work(): Promise<boolean> {
    let operations = 0;
    for (const [path, tile] of this.#noted) {
      if (!this.#isRipe(tile)) continue;
      if (operations++ >= MAX_STEP_OPERATIONS || this.#isClosed) return true;
      await this.#clear(tile);
      this.#noted.delete(path);
    }
    while (this.#sweep !== undefined) {
      if (operations++ >= MAX_STEP_OPERATIONS || this.#isClosed) return true;
      const { value, done } = await this.#sweep.next();
      if (done === true) this.#sweep = undefined;
      else if (value !== undefined && this.#isRipe(value)) await this.#clear(value);
    }
    return false;
  }

  #isRipe({ level, index }: Superseded): boolean {
    return hashCountAtLevel(this.#ripe, level) >= (index + 1) * TILE_WIDTH;
  }

  /** Removes the partial versions of a tile. */
  async #clear({ path }: Superseded): Promise<void> {
    const { storage } = this.#options;
    const full = `${LOG_FOLDER}/${path}`;
    // If the full one was lost, this is all that is left of it.
    if ((await storage.read(full, { start: 0, end: 1 })) === undefined) return;
    const widths = await storage.list(`${full}.p`);
    await storage.remove(widths.map((width) => `${full}.p/${width}`));
  }

  /** All tiles that have partial versions, the latest first; undefined for each folder that was listed. */
  async *#leftovers(): AsyncGenerator<Superseded | undefined> {
    const size = this.#ripe;
    for (let level = 0; hashCountAtLevel(size, level) >= TILE_WIDTH; level++) {
      const tiles = Math.floor(hashCountAtLevel(size, level) / TILE_WIDTH);
      for (let folder = Math.floor((tiles - 1) / TILES_IN_FOLDER); folder >= 0; folder--) {
        const first = folder * TILES_IN_FOLDER;
        yield* this.#inFolder(level, first, (index) => tilePath(level, index));
        if (level === 0) yield* this.#inFolder(level, first, entryBundlePath);
      }
    }
  }

  async *#inFolder(
    level: number,
    first: number,
    pathOf: (index: number) => string,
  ): AsyncGenerator<Superseded | undefined> {
    const folder = `${LOG_FOLDER}/${pathOf(first)}`.slice(0, -'/000'.length);
    yield undefined;
    for (const name of await this.#options.storage.list(folder)) {
      const digits = /^([0-9]{3})\.p\/$/.exec(name)?.[1];
      if (digits === undefined) continue;
      const index = first + Number(digits);
      yield { path: pathOf(index), level, index };
    }
  }
}
