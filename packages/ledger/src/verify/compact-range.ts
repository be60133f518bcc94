import { EMPTY_ROOT, hashNode } from './tree.ts';

/**
 * A Merkle tree that only grows, kept as the roots of its complete subtrees: at most 53 hashes, whatever its
 * size. It gives the root at each size it passes.
 */
export class CompactRange {
  #size = 0;
  /** Roots of complete subtrees, from left (largest) to right; one for each bit of the size. */
  readonly #peaks: { level: number; hash: Uint8Array }[] = [];

  /**
   * The range of some size.
   *
   * @param peaks as {@link CompactRange.peaks} gave them
   * @returns undefined if a range of this size does not have so many
   */
  static of(size: number, peaks: readonly Uint8Array[]): CompactRange | undefined {
    const range = new CompactRange();
    for (const hash of peaks) {
      let level = 0;
      while (2 ** (level + 1) <= size - range.#size) level += 1;
      if (range.#size + 2 ** level > size) return undefined;
      range.#peaks.push({ level, hash });
      range.#size += 2 ** level;
    }
    return range.#size === size ? range : undefined;
  }

  /** How many leaves there are. */
  get size(): number {
    return this.#size;
  }

  /** The tree's root hash at this size. */
  get root(): Uint8Array {
    return foldPeaks(this.peaks) ?? EMPTY_ROOT;
  }

  /** The roots of the complete subtrees, from left (largest) to right. */
  get peaks(): Uint8Array[] {
    return this.#peaks.map((peak) => peak.hash);
  }

  /** Appends a leaf, given as its hash. */
  append(leafHash: Uint8Array): void {
    this.appendSubtree(0, leafHash);
  }

  /**
   * Appends a complete subtree, given as its root.
   *
   * @param level the subtree's height: it has 2^level leaves; the size must be a multiple of that
   * @throws TypeError if the size is not
   */
  appendSubtree(level: number, hash: Uint8Array): void {
    if (this.#size % 2 ** level !== 0)
      throw new TypeError(`no subtree of 2^${level} leaves begins at ${this.#size}`);
    let peak = { level, hash };
    for (let last = this.#peaks.at(-1); last?.level === peak.level; last = this.#peaks.at(-1)) {
      this.#peaks.pop();
      peak = { level: peak.level + 1, hash: hashNode(last.hash, peak.hash) };
    }
    this.#peaks.push(peak);
    this.#size += 2 ** level;
  }

  /** A copy that grows on its own. */
  clone(): CompactRange {
    const copy = new CompactRange();
    copy.#size = this.#size;
    copy.#peaks.push(...this.#peaks);
    return copy;
  }
}

/**
 * Joins the roots of complete subtrees, from left (largest) to right, to the root of the whole.
 *
 * @returns undefined if there are none
 */
export function foldPeaks(peaks: readonly Uint8Array[]): Uint8Array | undefined {
  return peaks.reduceRight<Uint8Array | undefined>(
    (right, left) => (right === undefined ? left : hashNode(left, right)),
    undefined,
  );
}
