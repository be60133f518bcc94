import { generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { exportPem, loadPrivateKey, rawPublicKey } from './ed25519-key.ts';
import { LedgerError } from './errors.ts';
import { computeKeyId, formatNote, formatVerificationKey, isKeyName } from './verify/note.ts';

/** The longest origin, in bytes of UTF-8: what every entry can afford to carry. */
export const MAX_ORIGIN_BYTES = 255;

/** Signs a log's checkpoints: an Ed25519 key whose name is the log's origin (C2SP signed-note). */
export interface NoteSigner {
  /** The log's origin, which is also the key's name. */
  readonly origin: string;
  /** The verification key, as golang.org/x/mod/sumdb/note writes it: `<name>+<key ID>+<base64>`. */
  readonly vkey: string;
  /**
   * Signs a note text.
   *
   * @param text ends in a newline
   * @returns the signed note
   */
  signNote(text: string): string;
}

/** A signer whose key was just drawn. */
export interface GeneratedSigner extends NoteSigner {
  /** The private key: PKCS #8, PEM. */
  readonly pem: string;
}

/**
 * Draws a new Ed25519 key for a log.
 *
 * @param origin the log's identity, a schema-less URL such as `example.com/audit`: no spaces, no `+`
 * @throws LedgerError `origin_invalid`
 */
export function generateSigner(origin: string): GeneratedSigner {
  const { privateKey } = generateKeyPairSync('ed25519');
  return { ...signerOf(privateKey, origin), pem: exportPem(privateKey) };
}

/**
 * Takes a log's key from its PEM file.
 *
 * @param pem PKCS #8, as {@link GeneratedSigner.pem} has it
 * @param origin the log's identity
 * @throws LedgerError `key_invalid` or `origin_invalid`
 */
export function loadSigner(pem: string, origin: string): NoteSigner {
  return signerOf(loadPrivateKey(pem, 'the log key'), origin);
}

function signerOf(key: KeyObject, origin: string): NoteSigner {
  if (!isKeyName(origin) || Buffer.byteLength(origin) > MAX_ORIGIN_BYTES) {
    throw new LedgerError('origin_invalid', `not an origin: ${JSON.stringify(origin)}`, {
      hint: `An origin has 1 to ${MAX_ORIGIN_BYTES} bytes and holds neither spaces, control characters nor "+".`,
    });
  }
  const publicKey = rawPublicKey(key);
  const keyId = computeKeyId(origin, publicKey);
  return {
    origin,
    vkey: formatVerificationKey({ name: origin, publicKey }),
    signNote(text) {
      return formatNote(text, [{ name: origin, keyId, signature: sign(null, Buffer.from(text), key) }]);
    },
  };
}
