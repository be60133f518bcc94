/**
 * Computing proofs (RFC 6962, sections 2.1.1 and 2.1.2) from the hashes that a log stores. What is computed
 * here is as good as the hashes that were read: verify it like a stranger's.
 */
import { foldPeaks } from './compact-range.ts';
import { EMPTY_ROOT } from './tree.ts';

/**
 * Gives the hash of a complete subtree.
 *
 * @param level its height: it has 2^level leaves
 * @param index its place among the subtrees of that height: its first leaf is index * 2^level
 */
export type HashReader = (level: number, index: number) => Promise<Uint8Array>;

/**
 * The root of a log at a size.
 *
 * @param size at most the size up to which `read` can answer
 */
export function computeRoot(size: number, read: HashReader): Promise<Uint8Array> {
  return size === 0 ? Promise.resolve(EMPTY_ROOT) : rangeRoot(0, size, read);
}

/**
 * An inclusion proof.
 *
 * @param index the entry's index, below `size`
 * @returns from the leaf's sibling up to the root's child
 * @throws TypeError if the tree has no such entry
 */
export function computeInclusionProof(index: number, size: number, read: HashReader): Promise<Uint8Array[]> {
  if (!Number.isSafeInteger(size) || !Number.isSafeInteger(index) || index < 0 || index >= size) {
    throw new TypeError(`a tree of ${size} entries has no entry ${index}`);
  }
  const ranges: [from: number, to: number][] = [];
  let [from, to] = [0, size];
  while (to - from > 1) {
    const middle = from + splitPoint(to - from);
    ranges.push(index < middle ? [middle, to] : [from, middle]);
    [from, to] = index < middle ? [from, middle] : [middle, to];
  }
  return Promise.all(ranges.reverse().map((range) => rangeRoot(...range, read)));
}

/**
 * A consistency proof.
 *
 * @param firstSize the earlier tree's size, at most `secondSize`; the proof from 0 is empty
 * @throws TypeError if the sizes are not in order
 */
export function computeConsistencyProof(
  firstSize: number,
  secondSize: number,
  read: HashReader,
): Promise<Uint8Array[]> {
  if (
    !Number.isSafeInteger(secondSize) ||
    !Number.isSafeInteger(firstSize) ||
    firstSize < 0 ||
    firstSize > secondSize
  ) {
    throw new TypeError(`no tree of ${firstSize} entries grows to one of ${secondSize}`);
  }
  if (firstSize === 0 || firstSize === secondSize) return Promise.resolve([]);
  const ranges: [from: number, to: number][] = [];
  let [from, to] = [0, secondSize];
  while (to !== firstSize) {
    const middle = from + splitPoint(to - from);
    ranges.push(firstSize <= middle ? [middle, to] : [from, middle]);
    [from, to] = firstSize <= middle ? [from, middle] : [middle, to];
  }
  // The subtree that ends the first tree is left out where it is the whole first tree, whose root is known.
  if (from !== 0) ranges.push([from, to]);
  return Promise.all(ranges.reverse().map((range) => rangeRoot(...range, read)));
}

/** A tile that a proof needs is missing or has the wrong size. */
export class TileUnavailableError extends Error {
  /** The tile's path, relative to the log's prefix. */
  readonly path: string;

  constructor(path: string, detail: string) {
    super(`${path} ${detail}`);
    this.name = 'TileUnavailableError';
    this.path = path;
  }
}

/** The root over leaves [from, to), which begin where a subtree of RFC 6962 begins. */
async function rangeRoot(from: number, to: number, read: HashReader): Promise<Uint8Array> {
  const nodes: Promise<Uint8Array>[] = [];
  for (let at = from; at < to;) {
    let level = 0;
    while (at % 2 ** (level + 1) === 0 && at + 2 ** (level + 1) <= to) level += 1;
    nodes.push(read(level, at / 2 ** level));
    at += 2 ** level;
  }
  const root = foldPeaks(await Promise.all(nodes));
  if (root === undefined) throw new TypeError('an empty range of leaves has no root here');
  return root;
}

/** RFC 6962's k: the largest power of two below n, for n above 1. */
function splitPoint(n: number): number {
  let k = 1;
  while (k * 2 < n) k *= 2;
  return k;
}
