import { hash, randomFillSync } from 'node:crypto';

const POOL_BYTES = 8192;

let pool: Uint8Array = new Uint8Array(0);
let used = 0;

/**
 * Random bytes for salts, drawn many at a time: a call to the generator costs as much as some hundred salts. No byte is
 * handed out twice, and a used-up pool is left to those who hold parts of it.
 */
export function randomBytes(sizeBytes: number): Uint8Array {
  if (sizeBytes > POOL_BYTES) return randomFillSync(new Uint8Array(sizeBytes));
  if (used + sizeBytes > pool.length) {
    pool = randomFillSync(new Uint8Array(POOL_BYTES));
    used = 0;
  }
  used += sizeBytes;
  return pool.subarray(used - sizeBytes, used);
}

/** SHA-256 in one shot; as text and back it is still a third of what a Hash object costs. */
export function sha256(bytes: Uint8Array): Uint8Array {
  return Buffer.from(hash('sha256', bytes, 'binary'), 'latin1');
}

/** {@link sha256} as base64url, which is what a commitment is: two copies less. */
export function sha256Base64url(bytes: Uint8Array): string {
  return hash('sha256', bytes, 'base64url');
}
