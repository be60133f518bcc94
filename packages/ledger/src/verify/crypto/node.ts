import { createPublicKey, hash, verify } from 'node:crypto';

/**
 * SHA-256 of some bytes, by node:crypto.
 *
 * @returns the digest, 32 bytes
 */
export function sha256(bytes: Uint8Array): Uint8Array {
  // Asking hash() for a Buffer costs three times as much as copying its latin1 text does.
  const text = hash('sha256', bytes, 'binary');
  const digest = new Uint8Array(32);
  for (let i = 0; i < 32; i++) digest[i] = text.charCodeAt(i);
  return digest;
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
  const out = Buffer.from(row.buffer, row.byteOffset, row.byteLength);
  for (let i = 0; i < count; i++) {
    const prefix = (starts[i] ?? 0) - 1;
    const kept = bytes[prefix] ?? 0;
    bytes[prefix] = 0x00;
    out.write(hash('sha256', bytes.subarray(prefix, ends[i]), 'binary'), 32 * i, 'binary');
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
  const out = Buffer.from(parents.buffer, parents.byteOffset, parents.byteLength);
  for (let i = 0; i < count; i++) {
    for (let k = 0; k < 64; k++) node[1 + k] = children[64 * i + k] ?? 0;
    out.write(hash('sha256', node, 'binary'), 32 * i, 'binary');
  }
}

/** SubjectPublicKeyInfo of an Ed25519 key (RFC 8410) up to its 32 key bytes. */
const SPKI_PREFIX = Uint8Array.of(0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00);

/**
 * Whether an Ed25519 signature (RFC 8032) is good, by node:crypto. Never throws: what is not a signature or
 * not a key is simply no good signature.
 *
 * @param signature 64 bytes
 * @param publicKey 32 bytes, as RFC 8032 encodes it
 */
export function verifyEd25519(signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array): boolean {
  if (signature.length !== 64 || publicKey.length !== 32) return false;
  try {
    const der = Buffer.concat([SPKI_PREFIX, publicKey]);
    return verify(null, message, createPublicKey({ key: der, format: 'der', type: 'spki' }), signature);
  } catch {
    return false;
  }
}
