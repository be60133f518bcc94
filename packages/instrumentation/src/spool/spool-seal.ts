import {
  createCipheriv,
  createDecipheriv,
  createSecretKey,
  type KeyObject,
  randomBytes,
  randomFillSync,
} from 'node:crypto';
import { readFileSync } from 'node:fs';

const KEY_BYTES = 32;
const IV_BYTES = 12;
const TAG_BYTES = 16;
const BASE64_KEY = /^[A-Za-z0-9+/]{43}=?$/;

/** Longest key file that is read: base64 of the key, with room for the end of a line. */
const MAX_KEY_FILE_CHARACTERS = 64;

/**
 * Seals what lies in the spool: AES-256-GCM with a random iv a piece,
 *
 *     iv (12 bytes) | ciphertext | tag (16 bytes)
 *
 * under the key of `SPANLEDGER_SPOOL_KEY_FILE`. What a piece is is authenticated with it, so that none can stand in for
 * another. Whoever is started with the same key goes on with what a process left behind.
 */
export class SpoolSeal {
  readonly #key: KeyObject;

  constructor(key: KeyObject) {
    this.#key = key;
  }

  /** @param context - What the bytes are: the head of their frame, or the name of their file. */
  seal(context: Uint8Array, bytes: Uint8Array): Buffer {
    const sealed = Buffer.allocUnsafe(IV_BYTES + bytes.length + TAG_BYTES);
    const iv = randomFillSync(sealed, 0, IV_BYTES).subarray(0, IV_BYTES);
    const cipher = createCipheriv('aes-256-gcm', this.#key, iv, { authTagLength: TAG_BYTES });
    cipher.setAAD(context);
    // GCM is a stream: all of it comes at once, and nothing with the end.
    sealed.set(cipher.update(bytes), IV_BYTES);
    cipher.final();
    sealed.set(cipher.getAuthTag(), sealed.length - TAG_BYTES);
    return sealed;
  }

  /** Undefined where the key or the context is another one, or a byte of it was changed. */
  open(context: Uint8Array, sealed: Uint8Array): Buffer | undefined {
    if (sealed.length < IV_BYTES + TAG_BYTES) return undefined;
    const decipher = createDecipheriv('aes-256-gcm', this.#key, sealed.subarray(0, IV_BYTES), {
      authTagLength: TAG_BYTES,
    });
    decipher.setAAD(context);
    decipher.setAuthTag(sealed.subarray(sealed.length - TAG_BYTES));
    try {
      const bytes = decipher.update(sealed.subarray(IV_BYTES, sealed.length - TAG_BYTES));
      decipher.final();
      return bytes;
    } catch {
      // GCM's only failure here is that the tag does not fit.
      return undefined;
    }
  }
}

/**
 * Reads the spool's key: the base64 of 32 bytes.
 *
 * @param file - Its path.
 * @throws Error where it cannot be read, or holds something else; the message quotes nothing of it.
 */
export function readSpoolKey(file: string): KeyObject {
  const text = readFileSync(file, 'latin1').trim();
  if (text.length > MAX_KEY_FILE_CHARACTERS || !BASE64_KEY.test(text)) {
    throw new Error('it does not hold the base64 of 32 bytes');
  }
  return takeKey(Buffer.from(text, 'base64'));
}

/** A key that nobody else has: what is sealed under it, only this process can send. */
export function drawSpoolKey(): KeyObject {
  return takeKey(randomBytes(KEY_BYTES));
}

function takeKey(bytes: Buffer): KeyObject {
  const key = createSecretKey(bytes);
  bytes.fill(0);
  return key;
}
