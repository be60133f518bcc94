import { loadBundle, verifyBundle, type BundleContext, type LoadedBundle } from './bundle-verifier.ts';
import { CompactRange } from './compact-range.ts';
import { equalBytes } from './encoding.ts';
import type { FindingPlace } from './failures.ts';
import { HASH_BYTES, TILE_WIDTH, tilePath, type TileCoordinates } from './tile.ts';
import { differingSlots, hashAt, mixRows } from './row-mixtures.ts';
import { hashTile } from './tile-builder.ts';
import { hashBeneathTile, readTile } from './tile-reader.ts';
import type { PrunedEntries } from './pruned-entries.ts';
import type { RootTrack } from './root-track.ts';
import type { SoundBundle } from './sound-bundle.ts';
import type { SoundBundleSource } from './sound-bundle-source.ts';
import { resolveEdge } from './tree-edge.ts';
import { StateRefusedError } from './verification-state.ts';

/**
 * How many bundles in a row may be missing before the rest is given up: 16.8 million entries. A forged size must
 * not keep the verifier looking for 2^53 entries.
 */
export const MAX_MISSING_BUNDLES_IN_A_ROW = 65_536;

/** What a walk needs besides what the bundles need. */
export interface WalkContext extends BundleContext {
  roots: RootTrack;
  /** Takes note of entries that are not there and may have been pruned. */
  pruned: PrunedEntries;
  /** Where full bundles come from whose entries need not be looked at one by one. */
  soundBundles: SoundBundleSource;
  /** Is told of every such bundle, whose entries `onEntry` is not told of. */
  onSoundBundle: (bundle: SoundBundle) => Promise<void>;
  /** Is waited for before the walk passes the entries up to a size. */
  beforePassing: (end: number) => Promise<void>;
  /** Is told after each bundle how many entries were looked at. */
  onProgress: (walked: number) => void;
  signal?: AbortSignal | undefined;
  /** What was walked before, all of it sound; its size is a multiple of 256. It is not walked again. */
  walked?: CompactRange | undefined;
  /** Is waited for after a bundle up to which everything is sound: from there the walk can be taken up again. */
  onSound: (walked: CompactRange, lastHash: Uint8Array) => Promise<void>;
}

/** What a walk found besides the failures. */
export interface WalkResult {
  /** Entries that have no failure of their own. */
  verified: number;
  /** The root of the stored entries; undefined if some are missing. */
  root: Uint8Array | undefined;
  /** Whether the checkpoint's root is that of the stored tree. */
  rootIsProven: boolean;
  /** Whether the files are there from which the root is computed. */
  edgeIsComplete: boolean;
}

/** A tile's hashes in the views that a verifier has of them. */
interface TileViews {
  /** As the tree above proves them; undefined if nothing does. */
  proven: Uint8Array | undefined;
  /** As the tile holds them. */
  stored: Uint8Array | undefined;
  /** As they follow from what is stored beneath. */
  beneath: Uint8Array | undefined;
}

/**
 * Walks a log's tree from left to right, and from the checkpoint's root down to the entries. The root proves the
 * tiles of the right edge, each of their hashes the tile beneath, a tile its entries: so what was altered can be
 * told from what merely hangs beneath or above it. Memory does not depend on the log's size.
 */
export class TreeWalk {
  readonly #context: WalkContext;
  #verified = 0;
  #entriesRange: CompactRange | undefined;
  /** What of the tree was passed over because it was walked before. */
  readonly #passedOver = new CompactRange();
  #missing: { from: number; to: number; path: string; bundles: number } | undefined;
  #hasGivenUp = false;
  /** Whether the walk is past what was walked before. */
  #isTakenUp = false;

  constructor(context: WalkContext) {
    this.#context = context;
    this.#entriesRange = context.walked?.clone() ?? new CompactRange();
    this.#verified = this.#entriesRange.size - context.pruned.count;
  }

  /**
   * Walks the whole tree. To be called once.
   *
   * @param root the root that the checkpoint states
   * @throws StateRefusedError if what was walked before is not the beginning of this tree
   */
  async run(root: Uint8Array): Promise<WalkResult> {
    const { files, size, roots } = this.#context;
    const edge = await resolveEdge(files, size, root);
    for (const tile of edge.tiles) await this.#verifyTile(tile, tile.proven, undefined);
    this.#checkPassedOver();
    this.#reportMissingBundles();
    roots.finish();
    return {
      verified: this.#verified,
      root: this.#entriesRange?.size === size ? this.#entriesRange.root : undefined,
      rootIsProven: edge.isProven,
      edgeIsComplete: edge.isComplete,
    };
  }

  /**
   * Verifies a tile and everything beneath it.
   *
   * @param proven the tile's hashes, where the root proves them
   * @param expected the tile's root, where the tile above is proven
   * @returns the tile's root by what is stored beneath it; undefined if not known
   */
  async #verifyTile(
    tile: TileCoordinates,
    proven: Uint8Array | undefined,
    expected: Uint8Array | undefined,
  ): Promise<Uint8Array | undefined> {
    if (this.#hasGivenUp) return undefined;
    if (tile.level === 0) return await this.#verifyLeafTile(tile, proven, expected);
    const { level, index, width } = tile;
    const stored = await this.#readTile(tile);
    const truth = proven ?? (await this.#proveTile(tile, stored, expected));
    const beneath = new Uint8Array(width * HASH_BYTES);
    let isComplete = true;
    for (let slot = 0; slot < width; slot++) {
      const child = { level: level - 1, index: index * TILE_WIDTH + slot, width: TILE_WIDTH };
      const childExpected = truth && hashAt(truth, slot);
      if (this.#passOver(child, childExpected)) {
        beneath.set(childExpected, slot * HASH_BYTES);
        continue;
      }
      const hash = (await this.#verifyTile(child, undefined, childExpected)) ?? childExpected;
      if (hash === undefined) isComplete = false;
      else beneath.set(hash, slot * HASH_BYTES);
    }
    this.#compareTile(tile, { proven: truth, stored, beneath: isComplete ? beneath : undefined }, expected);
    return isComplete ? hashTile(beneath) : stored && hashTile(stored);
  }

  /** Verifies a tile of leaf hashes and the entries beneath it. */
  async #verifyLeafTile(
    tile: TileCoordinates,
    proven: Uint8Array | undefined,
    expected: Uint8Array | undefined,
  ): Promise<Uint8Array | undefined> {
    const { files, roots, soundBundles, signal, onProgress, beforePassing } = this.#context;
    const { index, width } = tile;
    signal?.throwIfAborted();
    this.#checkPassedOver();
    if (width === TILE_WIDTH && proven === undefined && expected !== undefined) {
      const sound = await soundBundles.take(index);
      if (sound !== undefined && this.#isInPlace(sound, expected)) return await this.#passSoundBundle(sound);
    }
    const bundleRead = loadBundle(files, index, width);
    const stored = await this.#readTile(tile);
    const bundle = await bundleRead;
    const { row } = bundle;
    const entriesRoot = row && hashTile(row);
    const isSame = row !== undefined && stored !== undefined && equalBytes(row, stored);
    const storedRoot = isSame ? entriesRoot : stored && hashTile(stored);
    const truth =
      proven ?? (isEqual(storedRoot, expected) ? stored : isEqual(entriesRoot, expected) ? row : undefined);

    this.#compareTile(tile, { proven: truth, stored, beneath: row }, expected);
    const leaves = truth ?? stored;
    let pruned: Uint8Array | undefined;
    if (bundle.entries === undefined) {
      if (truth !== undefined && this.#passPruned(bundle, truth)) pruned = truth;
      else this.#skipBundle(bundle, leaves);
    } else {
      this.#reportMissingBundles();
      const compared = leaves && { hashes: leaves, isProven: truth !== undefined };
      this.#verified += await verifyBundle({ ...bundle, entries: bundle.entries }, compared, this.#context);
    }
    await beforePassing(bundle.base + width);
    roots.pass(leaves ?? row, width, expected ?? storedRoot ?? entriesRoot);
    this.#extendEntriesRange(row ?? pruned, entriesRoot ?? (pruned && hashTile(pruned)));
    onProgress(bundle.base + width);
    return entriesRoot ?? storedRoot;
  }

  /** Whether a bundle, sound in itself, is the one that the tree has here, and follows on the one before. */
  #isInPlace({ index, root, previous }: SoundBundle, expected: Uint8Array): boolean {
    const { chain } = this.#context;
    return equalBytes(root, expected) && (chain?.isContinuedBy(index * TILE_WIDTH, previous) ?? true);
  }

  async #passSoundBundle(bundle: SoundBundle): Promise<Uint8Array> {
    const { chain, roots, onSoundBundle, beforePassing, onProgress } = this.#context;
    const { row, root } = bundle;
    const end = (bundle.index + 1) * TILE_WIDTH;
    this.#reportMissingBundles();
    await onSoundBundle(bundle);
    chain?.pass(end - 1, hashAt(row, TILE_WIDTH - 1));
    this.#verified += TILE_WIDTH;
    await beforePassing(end);
    roots.pass(row, TILE_WIDTH, root);
    this.#extendEntriesRange(row, root);
    onProgress(end);
    if (this.#verified + this.#context.pruned.count === end && this.#entriesRange !== undefined)
      await this.#context.onSound(this.#entriesRange, hashAt(row, TILE_WIDTH - 1));
    return root;
  }

  /** Passes over a tile if everything beneath it was walked before. */
  #passOver({ level, index }: TileCoordinates, expected: Uint8Array | undefined): expected is Uint8Array {
    const { walked } = this.#context;
    const leaves = TILE_WIDTH ** (level + 1);
    if (walked === undefined || (index + 1) * leaves > walked.size) return false;
    if (expected === undefined)
      throw new StateRefusedError('the tree up to it is not the one that was walked');
    this.#passedOver.appendSubtree(8 * (level + 1), expected);
    return true;
  }

  /** What was walked before has to be what this tree, proven by its root, begins with. */
  #checkPassedOver(): void {
    const { walked } = this.#context;
    if (this.#isTakenUp || walked === undefined) return;
    this.#isTakenUp = true;
    const passed = this.#passedOver.peaks;
    const isSame =
      passed.length === walked.peaks.length && walked.peaks.every((peak, i) => isEqual(peak, passed[i]));
    if (!isSame) throw new StateRefusedError('the tree up to it is not the one that was walked');
  }

  /** A tile's hashes as stored, as computed from the tiles beneath, or mixed: those that have the root expected. */
  async #proveTile(
    { level, index, width }: TileCoordinates,
    stored: Uint8Array | undefined,
    expected: Uint8Array | undefined,
  ): Promise<Uint8Array | undefined> {
    if (expected === undefined) return undefined;
    if (isEqual(stored && hashTile(stored), expected)) return stored;
    const beneath = await hashBeneathTile(this.#context.files, level, index, width);
    return mixRows(stored, beneath).find((row) => isEqual(hashTile(row), expected));
  }

  /** Reports what is wrong with a tile itself, and not with what is beneath or above it. */
  #compareTile(
    tile: TileCoordinates,
    { proven, stored, beneath }: TileViews,
    expected: Uint8Array | undefined,
  ): void {
    if (stored === undefined) return;
    const { failures } = this.#context;
    const differing = differingSlots(stored, proven ?? beneath ?? stored);
    const { path, index } = tilePlace(tile, differing[0] ?? 0);
    const which = `${differing.slice(0, 8).join(', ')}${differing.length > 8 ? ' …' : ''}`;
    if (proven !== undefined) {
      if (differing.length > 0)
        failures.add('tile_altered', { index, path }, `${path}: changed are hashes ${which}.`);
    } else if (expected !== undefined) {
      const addition =
        beneath === undefined ? '' : ', and neither has what lies beneath it: both were changed';
      const detail = `${path} does not have the hash that the level above has for it${addition}.`;
      failures.add('tile_altered', { index, path }, detail);
    } else if (differing.length > 0 && tile.level > 0) {
      failures.add(
        'tile_mismatch',
        { index, path },
        `${path}: not those of what lies beneath are hashes ${which}.`,
      );
    }
  }

  #extendEntriesRange(row: Uint8Array | undefined, root: Uint8Array | undefined): void {
    const range = this.#entriesRange;
    if (row === undefined || root === undefined) this.#entriesRange = undefined;
    else if (row.length === TILE_WIDTH * HASH_BYTES) range?.appendSubtree(8, root);
    else for (let slot = 0; slot * HASH_BYTES < row.length; slot++) range?.append(hashAt(row, slot));
  }

  /** Passes a full bundle that is not there, if it may have been pruned: its tile says what it held. */
  #passPruned({ base, width, failure }: LoadedBundle, leaves: Uint8Array): boolean {
    const { chain, pruned } = this.#context;
    if (failure !== undefined || width !== TILE_WIDTH) return false;
    if (!pruned.take({ from: base, to: base + width - 1 })) return false;
    this.#reportMissingBundles();
    chain?.skip(base + width - 1, hashAt(leaves, width - 1));
    return true;
  }

  #skipBundle({ base, width, path, failure }: LoadedBundle, leaves: Uint8Array | undefined): void {
    const { failures, chain } = this.#context;
    chain?.skip(base + width - 1, leaves && hashAt(leaves, width - 1));
    if (failure !== undefined) {
      failures.add('read_failed', { index: base, path }, `${path} cannot be read: ${failure}`);
      return;
    }
    this.#missing ??= { from: base, to: base, path, bundles: 0 };
    this.#missing.to = base + width - 1;
    this.#missing.bundles += 1;
    this.#hasGivenUp = this.#missing.bundles >= MAX_MISSING_BUNDLES_IN_A_ROW;
  }

  /** Reports a run of missing bundles as one. */
  #reportMissingBundles(): void {
    if (this.#missing === undefined) return;
    const { from, to, path, bundles } = this.#missing;
    this.#missing = undefined;
    const files =
      bundles === 1 ? `${path} is missing` : `${path} and the ${bundles - 1} after it are missing`;
    const end = to === this.#context.size - 1 ? ', the log ends before them' : '';
    const rest = this.#hasGivenUp ? ' What follows was not looked for.' : '';
    const detail = `Entries ${from} to ${to}: ${files}${end}.${rest}`;
    this.#context.failures.add('bundle_missing', { index: from, path }, detail);
  }

  /** A tile's hashes, reporting what keeps them from being read. */
  async #readTile(tile: TileCoordinates): Promise<Uint8Array | undefined> {
    const { failures, files } = this.#context;
    const place = tilePlace(tile, 0);
    const read = await readTile(files, tile.level, tile.index, tile.width);
    if (read.kind === 'found') return read.hashes;
    if (read.kind === 'absent') failures.add('tile_missing', place, `${place.path} is missing.`);
    else if (read.kind === 'malformed')
      failures.add('tile_malformed', place, `${place.path} ${read.detail}.`);
    else failures.add('read_failed', place, `${place.path} cannot be read: ${read.detail}`);
    return undefined;
  }
}

/** A tile's path, and the index of the first entry beneath one of its hashes. */
function tilePlace(
  { level, index, width }: TileCoordinates,
  slot: number,
): Required<Omit<FindingPlace, 'field'>> {
  return { path: tilePath(level, index, width), index: (index * TILE_WIDTH + slot) * TILE_WIDTH ** level };
}

function isEqual(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  return a !== undefined && b !== undefined && equalBytes(a, b);
}
