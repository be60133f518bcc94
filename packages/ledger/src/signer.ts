import { createPrivateKey, createPublicKey, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
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
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  return { ...signerOf(privateKey, origin), pem };
}

/**
 * Takes a log's key from its PEM file.
 *
 * @param pem PKCS #8, as {@link GeneratedSigner.pem} has it
 * @param origin the log's identity
 * @throws LedgerError `key_invalid` or `origin_invalid`
 */
export function loadSigner(pem: string, origin: string): NoteSigner {
  let key: KeyObject;
  try {
    key = createPrivateKey(pem);
  } catch (cause) {
    throw new LedgerError('key_invalid', 'the log key is not a private key in PEM', {
      cause,
      hint: 'It must be an Ed25519 key in PKCS #8, as `openssl genpkey -algorithm ed25519` writes it.',
    });
  }
  return signerOf(key, origin);
}

function signerOf(key: KeyObject, origin: string): NoteSigner {
  if (key.asymmetricKeyType !== 'ed25519') {
    throw new LedgerError('key_invalid', `the log key is of type ${key.asymmetricKeyType}, not ed25519`);
  }
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

/** The 32 bytes of an Ed25519 public key as RFC 8032 encodes it: the end of its SubjectPublicKeyInfo. */
function rawPublicKey(key: KeyObject): Uint8Array {
  const spki = createPublicKey(key).export({ type: 'spki', format: 'der' });
  return Uint8Array.from(spki.subarray(spki.length - 32));
}
