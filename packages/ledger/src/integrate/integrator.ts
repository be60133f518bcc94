import { LedgerError } from '../errors.ts';
import { explainFailure } from '../storage/failure.ts';
import { SerialQueue } from '../serial-queue.ts';
import type { StoredFile, WritableStorage } from '../storage/storage.ts';
import { LOG_FOLDER } from '../storage/tiles.ts';
import { Kernel } from '../verify/kernel/kernel.ts';
import { entryBundlePath, tilePath } from '../verify/tile.ts';
import { TileBuilder } from '../verify/tile-builder.ts';
import { EntryBundles } from './entry-bundles.ts';
import type { TreeEdge } from './tree-edge.ts';

/** How many tiles are written in one go: a lot. */
const MAX_TILES_AT_ONCE = 16;

/**
 * How many lots are on their way: while the disk makes one durable, the next is handed to it. A checkpoint that is due waits
 * for no more.
 */
const MAX_LOTS = 2;

/**
 * How many bytes of full tiles may wait before appends are held up. It is what keeps publishing in time when records
 * come faster than the disk takes them: all that waits has to be written before the next checkpoint is.
 */
const MAX_WAITING_BYTES = 16 * 1024 * 1024;

/** The longest time that appends are held up. If the tiles cannot be written at all, they are no reason to hang. */
const MAX_HOLD_MS = 1000;

/** Durable entries, as the journal has them. */
export interface IntegrableGroup {
  /** The first entry's index. */
  first: number;
  /** The entries, each behind its uint16 length. */
  entries: Buffer;
  /** Where in them entry bundles get full, ascending. */
  bundleEnds: readonly number[];
  /** Their leaf hashes, 32 bytes each. */
  hashes: Uint8Array;
}

/** The tree at one size, all its tiles written. */
export interface IntegratedTree {
  size: number;
  /** 32 bytes. */
  root: Uint8Array;
}

/**
 * Turns durable entries into tlog-tiles: hash tiles and entry bundles. Full ones are written as soon as they are full,
 * partial ones when a checkpoint is about to need them.
 *
 * The tree in memory only ever moves forward, and what it gave out waits until it is written: a failed write is tried
 * again and leaves no state to undo.
 */
export class Integrator {
  readonly #storage: WritableStorage;
  readonly #tree: TileBuilder;
  readonly #bundles: EntryBundles;
  readonly #queue = new SerialQueue();
  /** Full tiles that are not written yet, by path. */
  readonly #waiting = new Map<string, Uint8Array>();
  #waitingBytes = 0;
  #caughtUp: (() => void) | undefined;
  #isFlushing = false;
  /** How many calls of {@link integrate} are under way. */
  #integrating = 0;
  #integrated: number;

  /** @param edge the right edge of the tree that is in the tiles already */
  constructor(storage: WritableStorage, edge: TreeEdge) {
    this.#storage = storage;
    this.#integrated = edge.size;
    const kernel = Kernel.create();
    this.#tree = new TileBuilder(
      edge.size,
      ({ level }) => edge.tiles.get(level) ?? new Uint8Array(0),
      kernel && ((hashes) => kernel.hashRow(hashes)),
    );
    this.#bundles = new EntryBundles(edge.bundle, edge.size, ({ index, bytes }) => {
      this.#enqueue(entryBundlePath(index), bytes);
    });
  }

  /** The tree's root as it is in memory, 32 bytes. */
  get root(): Uint8Array {
    return this.#tree.root;
  }

  /** How many entries it has taken, and so the size of the next {@link integrate}. */
  get size(): number {
    return this.#tree.size;
  }

  /** How many entries are in tiles that are durable. */
  get integrated(): number {
    return this.#integrated;
  }

  /** Bytes of full tiles that wait to be written. */
  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  /** Takes durable entries, in order and without a gap. Copies what it keeps. */
  add({ first, entries, bundleEnds, hashes }: IntegrableGroup): void {
    if (first !== this.#tree.size) {
      throw new TypeError(`entries from ${first} on do not follow a tree of ${this.#tree.size}`);
    }
    this.#tree.append(hashes, ({ level, index, hashes: full }) => {
      this.#enqueue(tilePath(level, index), full);
    });
    this.#bundles.add(entries, bundleEnds, this.#tree.size);
  }

  /** Resolves once so little waits that more can be added, or after a second. For one caller at a time. */
  async catchUp(): Promise<void> {
    if (this.#waitingBytes <= MAX_WAITING_BYTES) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#caughtUp = resolve;
    const timer = setTimeout(resolve, MAX_HOLD_MS);
    await promise;
    clearTimeout(timer);
  }

  /**
   * Writes the full tiles that wait, unless somebody does already or a checkpoint is about to. What cannot be written
   * goes on waiting, for {@link integrate} to report it.
   */
  async flush(): Promise<void> {
    if (this.#waiting.size === 0 || this.#isFlushing || this.#integrating > 0) return;
    this.#isFlushing = true;
    try {
      await this.#queue.run(() => this.#write([...this.#waiting], () => this.#integrating > 0));
    } catch {
      // Tried again, and then reported, before the next checkpoint.
    } finally {
      this.#isFlushing = false;
    }
  }

  /**
   * Writes all tiles of the tree as it is now, the partial ones included, and makes them durable.
   *
   * @throws LedgerError `integrate_failed`
   */
  async integrate(): Promise<IntegratedTree> {
    const { size, root } = this.#tree;
    const partials = this.#partialFiles();
    // Not those that get full from now on: under load there would be no end.
    const full = [...this.#waiting];
    this.#integrating++;
    return this.#queue.run(async () => {
      try {
        await this.#write(full);
        await this.#storage.put(partials);
      } catch (cause) {
        const { reason, help } = explainFailure(cause);
        throw new LedgerError('integrate_failed', `the tiles could not be written${reason}`, {
          cause,
          hint: `All acknowledged records are in the journal; it is tried again. ${help}`,
        });
      } finally {
        this.#integrating--;
      }
      this.#integrated = size;
      return { size, root };
    });
  }

  #enqueue(path: string, bytes: Uint8Array): void {
    this.#waiting.set(path, bytes);
    this.#waitingBytes += bytes.length;
  }

  #partialFiles(): StoredFile[] {
    const files = this.#tree.partialTiles().map(({ level, index, width, hashes }): StoredFile => {
      return { name: `${LOG_FOLDER}/${tilePath(level, index, width)}`, bytes: hashes };
    });
    const bundle = this.#bundles.partial();
    if (bundle === undefined) return files;
    const { index, width, bytes } = bundle;
    return [...files, { name: `${LOG_FOLDER}/${entryBundlePath(index, width)}`, bytes }];
  }

  /** Writes full tiles, some at a time, until all are written or `isInterrupted`. */
  async #write(tiles: readonly FullTile[], isInterrupted = (): boolean => false): Promise<void> {
    const left = tiles.filter(([path]) => this.#waiting.has(path));
    // Who leaves the loop, interrupted or because a lot failed, ends it for the others too.
    const lots = lotsOf(left);
    const writeSome = async (): Promise<void> => {
      for (const lot of lots) {
        await this.#writeLot(lot);
        if (isInterrupted()) return;
      }
    };
    const results = await Promise.allSettled(Array.from({ length: MAX_LOTS }, writeSome));
    for (const result of results) if (result.status === 'rejected') throw result.reason;
  }

  async #writeLot(lot: readonly FullTile[]): Promise<void> {
    await this.#storage.put(lot.map(([path, bytes]) => ({ name: `${LOG_FOLDER}/${path}`, bytes })));
    for (const [path, bytes] of lot) {
      this.#waiting.delete(path);
      this.#waitingBytes -= bytes.length;
      this.#bundles.giveBack(bytes);
    }
    if (this.#waitingBytes <= MAX_WAITING_BYTES) this.#caughtUp?.();
  }
}

/** A full tile that is not written yet. */
type FullTile = readonly [path: string, bytes: Uint8Array];

/** Tiles that are written in one go, lot by lot. */
function* lotsOf(tiles: readonly FullTile[]): Generator<readonly FullTile[]> {
  for (let at = 0; at < tiles.length; at += MAX_TILES_AT_ONCE) yield tiles.slice(at, at + MAX_TILES_AT_ONCE);
}
