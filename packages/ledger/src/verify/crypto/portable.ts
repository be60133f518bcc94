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
