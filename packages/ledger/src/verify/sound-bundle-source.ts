import type { LogFiles } from './log-files.ts';
import type { EntryKind } from './report.ts';
import { SoundBundleReader, type SoundBundle } from './sound-bundle.ts';
import { entryBundlePath, MAX_BUNDLE_BYTES, tilePath, tileWidthAt } from './tile.ts';

/** Reads the full bundles of a log, and says which of them are sound. */
export interface SoundBundleSource {
  /**
   * Reads a bundle. Asked for each at most once, in ascending order; some may be left out.
   *
   * @param index a full bundle's
   * @returns undefined if the bundle, or the tile over it, may not be what it must be
   */
  take(index: number): Promise<SoundBundle | undefined>;
  /** Is called when no more are asked for, however the verification ended. */
  close?(): Promise<void>;
}

/** The log whose bundles are read. */
export interface BundledLog {
  /** How many entries it has. */
  size: number;
  /** What every entry must state as `audit.ledger.origin`. */
  origin: string;
  /** What the entries are taken for. */
  entries: EntryKind;
  /** The first bundle that is asked for. */
  first: number;
}

/** How many bundles are fetched ahead. */
const BUNDLES_AHEAD = 2;

/** Reads bundles in this thread, from wherever the log's files come from. */
export class InlineSoundBundles implements SoundBundleSource {
  readonly #files: LogFiles;
  readonly #size: number;
  readonly #reader: SoundBundleReader;

  constructor(files: LogFiles, { size, origin, entries }: BundledLog) {
    this.#files = files;
    this.#size = size;
    this.#reader = new SoundBundleReader(origin, entries);
  }

  async take(index: number): Promise<SoundBundle | undefined> {
    const files = this.#files;
    const paths = [entryBundlePath(index), tilePath(0, index)] as const;
    const reads = [files.read(paths[0]), files.read(paths[1])] as const;
    for (let ahead = 1; ahead <= BUNDLES_AHEAD; ahead++) this.#prefetch(index + ahead);
    const [entries, tile] = await Promise.all(reads);
    const sound =
      entries.kind === 'found' && tile.kind === 'found'
        ? this.#check(index, entries.bytes, tile.bytes)
        : undefined;
    if (sound !== undefined) return sound;
    // They are looked at more closely now.
    files.giveBack(paths[0], entries);
    files.giveBack(paths[1], tile);
    return undefined;
  }

  #check(index: number, entries: Uint8Array, tile: Uint8Array): SoundBundle | undefined {
    const { length } = entries;
    if (length > MAX_BUNDLE_BYTES) return undefined;
    this.#reader.room(length).set(entries);
    this.#reader.reserveStreams(1);
    return this.#reader.check({ index, length, tile });
  }

  #prefetch(index: number): void {
    const width = tileWidthAt(this.#size, 0, index);
    if (width === 0) return;
    this.#files.prefetch(entryBundlePath(index, width));
    this.#files.prefetch(tilePath(0, index, width));
  }
}
