import { createCipheriv, createDecipheriv, type KeyObject, randomFillSync } from 'node:crypto';

/**
 * AES-256-GCM with everything that opening needs in one piece:
 *
 *     version (1 byte: 1) | iv (12 bytes, random) | ciphertext | tag (16 bytes)
 *
 * `context` says what the box is and where it belongs; it is authenticated, so that a box cannot be put in another's
 * place. A key seals far fewer than 2^32 boxes, which random ivs demand: the key-encryption key one per key, a
 * subject's key one per record at the most.
 */
const VERSION = 1;
const IV_BYTES = 12;
const TAG_BYTES = 16;
const OVERHEAD_BYTES = 1 + IV_BYTES + TAG_BYTES;

/** Random bytes for the next ivs: a draw costs nearly the same for one iv as for all of these. */
const drawn = Buffer.alloc(IV_BYTES * 256);
let nextIv = drawn.length;

/** Seals `plaintext` under `key`. */
export function seal(key: KeyObject, context: string, plaintext: Uint8Array): Buffer {
  const iv = drawIv();
  const cipher = createCipheriv('aes-256-gcm', key, iv);
  cipher.setAAD(Buffer.from(context));
  const box = Buffer.allocUnsafe(OVERHEAD_BYTES + plaintext.length);
  box[0] = VERSION;
  box.set(iv, 1);
  // GCM is a stream: all of it comes at once, and nothing with the end.
  box.set(cipher.update(plaintext), 1 + IV_BYTES);
  cipher.final();
  box.set(cipher.getAuthTag(), box.length - TAG_BYTES);
  return box;
}

/** Twelve random bytes that were never handed out before, to be used at once. */
function drawIv(): Uint8Array {
  if (nextIv === drawn.length) {
    randomFillSync(drawn);
    nextIv = 0;
  }
  nextIv += IV_BYTES;
  return drawn.subarray(nextIv - IV_BYTES, nextIv);
}

/** Opens a box; undefined if the key or the context is another one, or a byte of it was changed. */
export function open(key: KeyObject, context: string, box: Uint8Array): Buffer | undefined {
  if (box.length < OVERHEAD_BYTES || box[0] !== VERSION) return undefined;
  const iv = box.subarray(1, 1 + IV_BYTES);
  const decipher = createDecipheriv('aes-256-gcm', key, iv, { authTagLength: TAG_BYTES });
  decipher.setAAD(Buffer.from(context));
  decipher.setAuthTag(box.subarray(box.length - TAG_BYTES));
  try {
    // No copy of it: it may be a key, which whoever opened it overwrites.
    const plaintext = decipher.update(box.subarray(1 + IV_BYTES, box.length - TAG_BYTES));
    decipher.final();
    return plaintext;
  } catch {
    // GCM's only failure here is that the tag does not fit.
    return undefined;
  }
}
