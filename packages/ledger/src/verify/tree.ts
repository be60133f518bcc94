/**
 * The Merkle tree of RFC 6962, section 2.1, with SHA-256, and the verification of its proofs as RFC 9162,
 * sections 2.1.3.2 and 2.1.4.2, spells it. A record's leaf hash is also the hash that the chain uses.
 */
import { sha256 } from '#crypto';
import { equalBytes } from './encoding.ts';
import { HASH_BYTES, MAX_BUNDLED_ENTRY_BYTES } from './tile.ts';

/** The root of the tree without leaves: SHA-256 of nothing. */
export const EMPTY_ROOT: Uint8Array = sha256(new Uint8Array(0));

// One buffer each for all leaves and all nodes: hashing is synchronous, and an allocation for every hash would cost as
// much as the hash.
const leafMessage = new Uint8Array(1 + MAX_BUNDLED_ENTRY_BYTES);
const nodeMessage = new Uint8Array(1 + 2 * HASH_BYTES);
nodeMessage[0] = 0x01;

/** The hash of a leaf: SHA-256(0x00 || data). For a record's canonical bytes it is the record's hash. */
export function hashLeaf(data: Uint8Array): Uint8Array {
  const message =
    data.length < leafMessage.length
      ? leafMessage.subarray(0, 1 + data.length)
      : new Uint8Array(1 + data.length);
  message.set(data, 1);
  return sha256(message);
}

/** The hash of an interior node: SHA-256(0x01 || left || right). */
export function hashNode(left: Uint8Array, right: Uint8Array): Uint8Array {
  nodeMessage.set(left, 1);
  nodeMessage.set(right, 1 + HASH_BYTES);
  return sha256(nodeMessage);
}

/** The statement that an inclusion proof supports, and the proof. */
export interface InclusionProof {
  /** The leaf's index, from 0. */
  index: number;
  /** The tree's size. */
  size: number;
  /** The leaf's hash. */
  leafHash: Uint8Array;
  /** From the leaf's sibling up to the root's child. */
  hashes: readonly Uint8Array[];
}

/**
 * The root that an inclusion proof leads to (RFC 9162, section 2.1.3.2).
 *
 * @returns undefined if no such proof can be right: the index is not in the tree, the proof is too long or too
 *   short, or a hash is not 32 bytes long
 */
export function rootFromInclusionProof({
  index,
  size,
  leafHash,
  hashes,
}: InclusionProof): Uint8Array | undefined {
  if (!isSize(index) || !isSize(size) || index >= size || !areHashes([leafHash, ...hashes])) return undefined;
  let fn = index;
  let sn = size - 1;
  let root = leafHash;
  for (const hash of hashes) {
    if (sn === 0) return undefined;
    if (isOdd(fn) || fn === sn) {
      root = hashNode(hash, root);
      while (!isOdd(fn) && fn !== 0) {
        fn = half(fn);
        sn = half(sn);
      }
    } else {
      root = hashNode(root, hash);
    }
    fn = half(fn);
    sn = half(sn);
  }
  return sn === 0 ? root : undefined;
}

/** Whether an inclusion proof leads from the leaf to this root. */
export function verifyInclusion(proof: InclusionProof, root: Uint8Array): boolean {
  const computed = rootFromInclusionProof(proof);
  return computed !== undefined && equalBytes(computed, root);
}

/** The statement that a consistency proof supports, and the proof. */
export interface ConsistencyProof {
  /** The earlier, smaller tree. */
  first: { size: number; root: Uint8Array };
  /** The later tree, which must begin with all of the earlier one's entries. */
  second: { size: number; root: Uint8Array };
  /** RFC 6962, section 2.1.2. */
  hashes: readonly Uint8Array[];
}

/**
 * Whether a consistency proof shows that the second tree extends the first (RFC 9162, section 2.1.4.2). A tree
 * is consistent with itself and with the empty tree by the empty proof.
 */
export function verifyConsistency({ first, second, hashes }: ConsistencyProof): boolean {
  if (!isSize(first.size) || !isSize(second.size) || first.size > second.size) return false;
  if (!areHashes([first.root, second.root, ...hashes])) return false;
  if (first.size === 0) return hashes.length === 0 && equalBytes(first.root, EMPTY_ROOT);
  if (first.size === second.size) return hashes.length === 0 && equalBytes(first.root, second.root);
  const path = isPowerOfTwo(first.size) ? [first.root, ...hashes] : hashes;
  const [start, ...rest] = path;
  if (start === undefined || hashes.length === 0) return false;

  let fn = first.size - 1;
  let sn = second.size - 1;
  while (isOdd(fn)) {
    fn = half(fn);
    sn = half(sn);
  }
  let firstRoot = start;
  let secondRoot = start;
  for (const hash of rest) {
    if (sn === 0) return false;
    if (isOdd(fn) || fn === sn) {
      firstRoot = hashNode(hash, firstRoot);
      secondRoot = hashNode(hash, secondRoot);
      while (!isOdd(fn) && fn !== 0) {
        fn = half(fn);
        sn = half(sn);
      }
    } else {
      secondRoot = hashNode(secondRoot, hash);
    }
    fn = half(fn);
    sn = half(sn);
  }
  return sn === 0 && equalBytes(firstRoot, first.root) && equalBytes(secondRoot, second.root);
}

function isSize(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

function areHashes(hashes: readonly Uint8Array[]): boolean {
  return hashes.every((hash) => hash.length === HASH_BYTES);
}

// Not bit operators: they would cut a size to 32 bits.
function isOdd(value: number): boolean {
  return value % 2 === 1;
}

function half(value: number): number {
  return Math.floor(value / 2);
}

function isPowerOfTwo(value: number): boolean {
  let rest = value;
  while (rest > 1 && !isOdd(rest)) rest = half(rest);
  return rest === 1;
}
