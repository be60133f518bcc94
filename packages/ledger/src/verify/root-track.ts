import { CompactRange } from './compact-range.ts';
import { HASH_BYTES, TILE_WIDTH } from './tile.ts';

/** A size at which somebody wants to know the root. */
interface AwaitedRoot {
  size: number;
  /** Is told the root; undefined if hashes before it are missing. */
  onRoot: (root: Uint8Array | undefined) => void;
}

/** Follows a tree as it is walked and tells its root at the sizes that somebody waits for. */
export class RootTrack {
  /** The largest size first. */
  #awaited: AwaitedRoot[] = [];
  #isSorted = true;
  #range: CompactRange | undefined;
  #size: number;

  /** @param passed the leaves that have passed already */
  constructor(passed: CompactRange = new CompactRange()) {
    this.#range = passed;
    this.#size = passed.size;
  }

  /** How many leaves have passed. */
  get size(): number {
    return this.#size;
  }

  /**
   * Waits for the root at a size.
   *
   * @param size not below how many leaves have passed
   */
  expect(size: number, onRoot: AwaitedRoot['onRoot']): void {
    if (size === this.#size) {
      onRoot(this.#range?.root);
      return;
    }
    this.#awaited.push({ size, onRoot });
    this.#isSorted = false;
  }

  /**
   * Passes up to 256 leaves.
   *
   * @param row their hashes, end to end; undefined if they are not known
   * @param count how many they are
   * @param root the root over all of them, if known
   */
  pass(row: Uint8Array | undefined, count: number, root: Uint8Array | undefined): void {
    const before = this.#range?.clone();
    const begin = this.#size;
    this.#size += count;
    if (root !== undefined && count === TILE_WIDTH) this.#range?.appendSubtree(8, root);
    else if (row !== undefined) appendRow(this.#range, row);
    else this.#range = undefined;
    for (let next = this.#next(); next !== undefined && next.size <= this.#size; next = this.#next()) {
      this.#awaited.pop();
      if (next.size === this.#size) next.onRoot(this.#range?.root);
      else
        next.onRoot(
          row && appendRow(before?.clone(), row.subarray(0, (next.size - begin) * HASH_BYTES))?.root,
        );
    }
  }

  /** Tells those that still wait that their size was not reached. */
  finish(): void {
    for (let next = this.#next(); next !== undefined; next = this.#next()) {
      this.#awaited.pop();
      next.onRoot(undefined);
    }
  }

  #next(): AwaitedRoot | undefined {
    if (!this.#isSorted) this.#awaited.sort((a, b) => b.size - a.size);
    this.#isSorted = true;
    return this.#awaited.at(-1);
  }
}

function appendRow(range: CompactRange | undefined, row: Uint8Array): CompactRange | undefined {
  for (let at = 0; at < row.length; at += HASH_BYTES) range?.append(row.subarray(at, at + HASH_BYTES));
  return range;
}
