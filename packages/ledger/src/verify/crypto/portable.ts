import { ed25519 } from '@noble/curves/ed25519.js';
import { sha256 as nobleSha256 } from '@noble/hashes/sha2.js';

/**
 * SHA-256 of some bytes, in plain JavaScript, for browsers (whose own digest is asynchronous).
 *
 * @returns the digest, 32 bytes
 */
export function sha256(bytes: Uint8Array): Uint8Array {
  return nobleSha256(bytes);
}

/**
 * RFC 6962 leaf hashes of messages that stand in one buffer. The byte before each is overwritten while it is hashed.
 *
 * @param starts where each message begins; at least 1
 * @param ends where each ends
 * @param row takes `count` hashes, end to end
 */
export function hashLeaves(
  bytes: Uint8Array,
  starts: Int32Array,
  ends: Int32Array,
  count: number,
  row: Uint8Array,
): void {
  for (let i = 0; i < count; i++) {
    const prefix = (starts[i] ?? 0) - 1;
    const kept = bytes[prefix] ?? 0;
    bytes[prefix] = 0x00;
    row.set(nobleSha256(bytes.subarray(prefix, ends[i])), 32 * i);
    bytes[prefix] = kept;
  }
}

const node = new Uint8Array(65);
node[0] = 0x01;

/**
 * RFC 6962 hashes of interior nodes.
 *
 * @param children the hashes of `2 * count` nodes, end to end
 * @param parents takes `count` hashes; may be the same memory as `children`
 */
export function hashPairs(children: Uint8Array, count: number, parents: Uint8Array): void {
  for (let i = 0; i < count; i++) {
    node.set(children.subarray(64 * i, 64 * (i + 1)), 1);
    parents.set(nobleSha256(node), 32 * i);
  }
}

/**
 * Whether an Ed25519 signature (RFC 8032) is good, in plain JavaScript. Never throws: what is not a signature
 * or not a key is simply no good signature.
 *
 * @param signature 64 bytes
 * @param publicKey 32 bytes, as RFC 8032 encodes it
 */
export function verifyEd25519(signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array): boolean {
  if (signature.length !== 64 || publicKey.length !== 32) return false;
  try {
    // ZIP 215, the default, also accepts encodings that RFC 8032 refuses.
    return ed25519.verify(signature, message, publicKey, { zip215: false });
  } catch {
    return false;
  }
}
