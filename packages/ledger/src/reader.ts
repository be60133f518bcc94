import { LedgerError } from './errors.ts';
import { FileCache } from './file-cache.ts';
import { HistoryReader } from './publish/history-reader.ts';
import { parseSignedCheckpoint } from './verify/checkpoint.ts';
import { decodeUtf8 } from './verify/encoding.ts';
import {
  computeConsistencyProof,
  computeInclusionProof,
  computeRoot,
  TileUnavailableError,
  type HashReader,
} from './verify/proof.ts';
import { Kernel } from './verify/kernel/kernel.ts';
import { MINIMUM_INDEX_PATH, parseMinimumIndex } from './verify/minimum-index.ts';
import { entryBundlePath, scanEntryBundle, TILE_WIDTH, tileWidthAt, type TileSource } from './verify/tile.ts';
import { TileHashes } from './verify/tile-hashes.ts';
import { formatTlogProof } from './verify/tlog-proof.ts';

/** How long a reader goes on giving entries that it keeps and that were pruned since. */
const MINIMUM_INDEX_AGE_MS = 1000;

/** How many bytes of entry bundles a reader keeps, unless it is said otherwise. */
const CACHE_BYTES = 16 * 1024 * 1024;

/** The published checkpoint, as a log states it. No signature was verified. */
export interface ReadCheckpoint {
  /** The signed note. */
  note: string;
  origin: string;
  size: number;
  /** 32 bytes. */
  root: Uint8Array;
}

/** An entry and its place. */
export interface ReadEntry {
  index: number;
  /** The record's canonical bytes. */
  bytes: Uint8Array;
}

/**
 * Reads a log from its files: entries, proofs and checkpoints. It believes the log; what must not be believed is
 * verified by `@spanledger/ledger/verify`.
 *
 * @example
 * const reader = new LedgerReader(fileTiles('data/ledger'));
 * const proof = await reader.tlogProof(42);
 */
export class LedgerReader {
  readonly #source: TileSource;
  readonly #files: FileCache;
  readonly #history: HistoryReader;
  /** Made for the first proof: not every reader is asked for one. */
  #hashes: TileHashes | undefined;
  #size = 0;
  #minimumIndex = 0;
  #minimumIndexAtMs = 0;

  /**
   * @param source the log's files
   * @param options.cacheBytes how many bytes of entry bundles are kept, those that were read last
   */
  constructor(source: TileSource, { cacheBytes = CACHE_BYTES }: { cacheBytes?: number } = {}) {
    this.#source = source;
    this.#files = new FileCache(source, cacheBytes);
    this.#history = new HistoryReader(source);
  }

  /**
   * The published checkpoint.
   *
   * @throws LedgerError `tile_missing` if there is none, `checkpoint_invalid` if it cannot be read
   */
  async checkpoint(): Promise<ReadCheckpoint> {
    const bytes = await this.#source.read('checkpoint');
    if (bytes === undefined) throw new LedgerError('tile_missing', 'the log has no checkpoint');
    const note = decodeUtf8(bytes) ?? '';
    const signed = parseSignedCheckpoint(note);
    if (!signed.ok)
      throw new LedgerError('checkpoint_invalid', `the checkpoint cannot be read: ${signed.detail}`);
    const { origin, size, root } = signed.value.checkpoint;
    this.#size = Math.max(this.#size, size);
    return { note, origin, size, root };
  }

  /**
   * The published entries from index `from` up to, not including, `to`, in order; those that were pruned are left out.
   *
   * @throws LedgerError `out_of_range` unless all of them are published; `tile_missing` or `ledger_damaged`
   */
  async *entries(from: number, to: number): AsyncGenerator<ReadEntry> {
    for await (const { first, entries } of this.#bundles(from, to, true)) {
      for (const [i, bytes] of entries.entries()) yield { index: first + i, bytes };
    }
  }

  /** The same at once, for whoever wants all of them: with `tile_missing` where one was pruned. */
  async range(from: number, to: number): Promise<Uint8Array[]> {
    const range: Uint8Array[] = [];
    for await (const { entries } of this.#bundles(from, to)) range.push(...entries);
    return range;
  }

  async *#bundles(
    from: number,
    to: number,
    skipPruned = false,
  ): AsyncGenerator<{ first: number; entries: Uint8Array[] }> {
    if (to <= from) return;
    await this.#reach(to);
    for (let index = Math.floor(from / TILE_WIDTH); index * TILE_WIDTH < to; index++) {
      const start = index * TILE_WIDTH;
      const entries = await this.#bundle(index, Math.min(TILE_WIDTH, to - start)).catch(
        async (error: unknown) => {
          if (skipPruned && (await this.#isPruned(start, error))) return undefined;
          throw error;
        },
      );
      if (entries === undefined) continue;
      const skipped = Math.max(0, from - start);
      yield { first: start + skipped, entries: entries.slice(skipped, to - start) };
    }
  }

  /**
   * The first index that the log still has; 0 unless it was pruned. Read anew each time.
   *
   * @throws LedgerError `ledger_damaged` where the file says nothing of the kind
   */
  async minimumIndex(): Promise<number> {
    const bytes = await this.#source.read(MINIMUM_INDEX_PATH);
    if (bytes === undefined) return 0;
    const index = parseMinimumIndex(bytes);
    if (index === undefined)
      throw new LedgerError('ledger_damaged', `${MINIMUM_INDEX_PATH} is no index at which a bundle begins`);
    return index;
  }

  /** An entry's leaf hash, 32 bytes, by its tile; also of one that was pruned. @throws LedgerError `out_of_range`, `tile_missing` */
  async leafHash(index: number): Promise<Uint8Array> {
    return await this.#prove(index + 1, (read) => read(0, index));
  }

  /** One entry's canonical bytes; undefined if it is not published, or was pruned. */
  async entry(index: number): Promise<Uint8Array | undefined> {
    if (!Number.isSafeInteger(index) || index < 0) return undefined;
    if (index >= this.#size && index >= (await this.checkpoint()).size) return undefined;
    try {
      const entries = await this.#bundle(Math.floor(index / TILE_WIDTH), (index % TILE_WIDTH) + 1);
      return entries[index % TILE_WIDTH];
    } catch (error) {
      if (await this.#isPruned(index, error)) return undefined;
      throw error;
    }
  }

  /**
   * Proves that an entry is in the tree of some size (RFC 6962, section 2.1.1).
   *
   * @param size at most the published one
   * @returns from the leaf's sibling up to the root's child
   * @throws LedgerError `out_of_range`, `tile_missing`
   */
  async inclusionProof(index: number, size: number): Promise<Uint8Array[]> {
    if (index < 0 || index >= size) throw outOfRange(`a tree of ${size} entries has no entry ${index}`);
    return await this.#prove(size, (read) => computeInclusionProof(index, size, read));
  }

  /**
   * Proves that the tree of size `second` begins with the one of size `first` (RFC 6962, section 2.1.2).
   *
   * @throws LedgerError `out_of_range`, `tile_missing`
   */
  async consistencyProof(first: number, second: number): Promise<Uint8Array[]> {
    if (first < 0 || first > second)
      throw outOfRange(`no tree of ${first} entries grows to one of ${second}`);
    return await this.#prove(second, (read) => computeConsistencyProof(first, second, read));
  }

  /**
   * The root of the tree at a size, 32 bytes.
   *
   * @throws LedgerError `out_of_range`, `tile_missing`
   */
  async root(size: number): Promise<Uint8Array> {
    return await this.#prove(size, (read) => computeRoot(size, read));
  }

  /**
   * The first checkpoint that was published with an entry: the one that its `audit.integrity.checkpoint_size` names.
   *
   * @returns the signed note
   * @throws LedgerError `out_of_range` if the entry is not published
   */
  async checkpointCovering(index: number): Promise<string> {
    const note = await this.#history.covering(index);
    if (note === undefined) throw outOfRange(`no published checkpoint covers entry ${index}`);
    return note;
  }

  /**
   * Everything that proves an entry to a stranger, as C2SP tlog-proof text, at {@link checkpointCovering} it.
   *
   * @throws LedgerError `out_of_range` if the entry is not published
   */
  async tlogProof(index: number): Promise<string> {
    const note = await this.checkpointCovering(index);
    const signed = parseSignedCheckpoint(note);
    if (!signed.ok)
      throw new LedgerError('checkpoint_invalid', `a checkpoint cannot be read: ${signed.detail}`);
    const hashes = await this.inclusionProof(index, signed.value.checkpoint.size);
    return formatTlogProof({ index, hashes, checkpoint: note });
  }

  async #prove<T>(size: number, compute: (read: HashReader) => Promise<T>): Promise<T> {
    await this.#reach(size);
    try {
      // The tiles of the published size hold those of all smaller ones.
      this.#hashes ??= new TileHashes(this.#source, Kernel.create());
      return await compute(this.#hashes.at(this.#size));
    } catch (cause) {
      if (!(cause instanceof TileUnavailableError)) throw cause;
      throw new LedgerError('tile_missing', cause.message, { cause });
    }
  }

  async #recentMinimumIndex(): Promise<number> {
    const nowMs = performance.now();
    if (nowMs - this.#minimumIndexAtMs > MINIMUM_INDEX_AGE_MS) {
      this.#minimumIndexAtMs = nowMs;
      this.#minimumIndex = await this.minimumIndex();
    }
    return this.#minimumIndex;
  }

  async #isPruned(index: number, error: unknown): Promise<boolean> {
    const isMissing = error instanceof LedgerError && error.code === 'tile_missing';
    return isMissing && index < (await this.minimumIndex());
  }

  /** Makes sure that a size is published. */
  async #reach(size: number): Promise<void> {
    if (!Number.isSafeInteger(size) || size < 0) throw outOfRange(`not a tree size: ${size}`);
    if (size > this.#size) await this.checkpoint();
    if (size > this.#size) throw outOfRange(`the log has published ${this.#size} entries, not ${size}`);
  }

  /** A bundle with at least its first `needed` entries. */
  async #bundle(index: number, needed: number): Promise<Uint8Array[]> {
    const width = tileWidthAt(this.#size, 0, index);
    const path = entryBundlePath(index, width);
    if ((index + 1) * TILE_WIDTH <= (await this.#recentMinimumIndex()))
      throw new LedgerError('tile_missing', `${path} was pruned`);
    // Partial bundles are removed once the full one is there.
    const bytes = (await this.#files.read(path)) ?? (await this.#files.read(entryBundlePath(index)));
    if (bytes === undefined) throw new LedgerError('tile_missing', `${path} is missing`);
    const { entries } = scanEntryBundle(bytes);
    if (entries.length >= needed) return entries;
    throw new LedgerError('ledger_damaged', `${path} holds ${entries.length} entries, not ${needed}`);
  }
}

function outOfRange(message: string): LedgerError {
  return new LedgerError('out_of_range', message);
}
