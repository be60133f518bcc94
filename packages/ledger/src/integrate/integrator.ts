import { join } from 'node:path';
import type { DurableWriter } from '../durable-writer.ts';
import { LedgerError } from '../errors.ts';
import type { Files } from '../files.ts';
import { SerialQueue } from '../serial-queue.ts';
import { entryBundlePath, HASH_BYTES, hashCountAtLevel, TILE_WIDTH, tilePath } from '../verify/tile.ts';
import { TileBuilder, type Tile } from '../verify/tile-builder.ts';
import { EntryBundles } from './entry-bundles.ts';
import type { TreeEdge } from './tree-edge.ts';

/**
 * How many tiles are written at once. node:fs has four threads; one is left for the journal, whose sync the
 * senders wait for.
 */
const CONCURRENT_WRITES = 3;

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
  /** Their leaf hashes, 32 bytes each. */
  hashes: Uint8Array;
}

/** The tree at one size, all its tiles written. */
export interface IntegratedTree {
  size: number;
  /** 32 bytes. */
  root: Uint8Array;
}

/** A partial tile or entry bundle, to be written. */
interface PartialFile {
  /** The path of the full one. */
  path: string;
  level: number;
  index: number;
  width: number;
  bytes: Uint8Array;
}

/**
 * Turns durable entries into tlog-tiles: hash tiles and entry bundles. Full ones are written as soon as they are full,
 * partial ones when a checkpoint is about to need them.
 *
 * The tree in memory only ever moves forward, and what it gave out waits until it is written: a failed write is tried
 * again and leaves no state to undo.
 */
export class Integrator {
  readonly #files: Files;
  readonly #directory: string;
  readonly #writer: DurableWriter;
  readonly #tree: TileBuilder;
  readonly #bundles: EntryBundles;
  readonly #queue = new SerialQueue();
  /** Full tiles that are not written yet, by path. */
  readonly #waiting = new Map<string, Uint8Array>();
  /** Tiles of which there are partial versions, by path. */
  readonly #partial = new Map<string, { level: number; index: number }>();
  /** Tiles whose partial versions can go: the full one is durable. */
  readonly #superseded = new Set<string>();
  #waitingBytes = 0;
  #caughtUp: (() => void) | undefined;
  #isReplay = false;
  #isFlushing = false;
  /** How many calls of {@link integrate} are under way. */
  #integrating = 0;
  #integrated: number;

  /**
   * @param directory the log's, which holds `tile/`
   * @param edge the right edge of the tree that is in the tiles already
   * @param previousSize the size published before that; partial tiles of it may not have been removed yet
   */
  constructor(files: Files, directory: string, writer: DurableWriter, edge: TreeEdge, previousSize: number) {
    this.#files = files;
    this.#directory = directory;
    this.#writer = writer;
    this.#integrated = edge.size;
    this.#tree = new TileBuilder(edge.size, ({ level }) => edge.tiles.get(level) ?? new Uint8Array(0));
    this.#bundles = new EntryBundles(edge.bundle, edge.size, ({ index, bytes }) => {
      this.#enqueue(entryBundlePath(index), 0, index, bytes);
    });
    for (const size of [previousSize, edge.size]) {
      for (let level = 0, count = size; count > 0; level++, count = hashCountAtLevel(size, level)) {
        const index = Math.floor(count / TILE_WIDTH);
        this.#partial.set(tilePath(level, index), { level, index });
        if (level === 0) this.#partial.set(entryBundlePath(index), { level, index });
      }
    }
  }

  /** The tree's root as it is in memory, 32 bytes. */
  get root(): Uint8Array {
    return this.#tree.root;
  }

  /** How many entries are in tiles that are durable. */
  get integrated(): number {
    return this.#integrated;
  }

  /** Bytes of full tiles that wait to be written. */
  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  /**
   * Takes durable entries, in order and without a gap. Copies what it keeps.
   *
   * @param isReplay they may have been integrated before, in a process that ended since
   */
  add({ first, entries, hashes }: IntegrableGroup, isReplay = false): void {
    if (first !== this.#tree.size) {
      throw new TypeError(`entries from ${first} on do not follow a tree of ${this.#tree.size}`);
    }
    this.#isReplay = isReplay;
    const onFull = ({ level, index, hashes: full }: Tile): void => {
      this.#enqueue(tilePath(level, index), level, index, full);
    };
    for (let at = 0; at < hashes.length; at += HASH_BYTES) {
      this.#tree.append(hashes.subarray(at, at + HASH_BYTES), onFull);
    }
    this.#bundles.add(entries);
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
    if (this.#isFlushing || this.#integrating > 0) return;
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
        for (const file of partials) {
          this.#partial.set(file.path, file);
          await this.#writer.write(join(this.#directory, `${file.path}.p`, String(file.width)), file.bytes);
        }
        await this.#writer.syncDirectories();
      } catch (cause) {
        throw new LedgerError('integrate_failed', 'the tiles could not be written', {
          cause,
          hint: 'All acknowledged records are in the journal; it is tried again. Free disk space or repair the disk.',
        });
      } finally {
        this.#integrating--;
      }
      this.#integrated = size;
      this.#noteSuperseded();
      return { size, root };
    });
  }

  /** Removes partial tiles whose full tile is durable. What fails is tried again at the next call. */
  removeSuperseded(): Promise<void> {
    return this.#queue.run(async () => {
      for (const path of this.#superseded) {
        await this.#files.removeDirectory(join(this.#directory, `${path}.p`));
        this.#superseded.delete(path);
      }
    });
  }

  #enqueue(path: string, level: number, index: number, bytes: Uint8Array): void {
    this.#waiting.set(path, bytes);
    this.#waitingBytes += bytes.length;
    // The process that ended may have left partial versions of any of them behind.
    if (this.#isReplay) this.#partial.set(path, { level, index });
  }

  #partialFiles(): PartialFile[] {
    const files = this.#tree.partialTiles().map(({ level, index, width, hashes }): PartialFile => {
      return { path: tilePath(level, index), level, index, width, bytes: hashes };
    });
    const bundle = this.#bundles.partial();
    if (bundle !== undefined) files.push({ ...bundle, path: entryBundlePath(bundle.index), level: 0 });
    return files;
  }

  /** Called while no full tile has been written that is not durable. */
  #noteSuperseded(): void {
    for (const [path, { level, index }] of this.#partial) {
      const isFull = hashCountAtLevel(this.#tree.size, level) >= (index + 1) * TILE_WIDTH;
      if (!isFull || this.#waiting.has(path)) continue;
      this.#partial.delete(path);
      this.#superseded.add(path);
    }
  }

  /** Writes full tiles, several at a time, until all are written or `isInterrupted`. */
  async #write(
    tiles: [path: string, bytes: Uint8Array][],
    isInterrupted = (): boolean => false,
  ): Promise<void> {
    const next = tiles.values();
    const writeSome = async (): Promise<void> => {
      for (const [path, bytes] of next) {
        if (!this.#waiting.has(path)) continue;
        await this.#writer.write(join(this.#directory, path), bytes);
        this.#waiting.delete(path);
        this.#waitingBytes -= bytes.length;
        if (this.#waitingBytes <= MAX_WAITING_BYTES) this.#caughtUp?.();
        if (isInterrupted()) return;
      }
    };
    const results = await Promise.allSettled(Array.from({ length: CONCURRENT_WRITES }, writeSome));
    for (const result of results) if (result.status === 'rejected') throw result.reason;
  }
}
