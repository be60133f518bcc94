import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { LedgerError } from './errors.ts';

/**
 * Takes an Ed25519 key from its PEM file.
 *
 * @param pem PKCS #8
 * @param what whose key it is, for messages: `the log key`
 * @throws LedgerError `key_invalid`
 */
export function loadPrivateKey(pem: string, what: string): KeyObject {
  let key: KeyObject;
  try {
    key = createPrivateKey(pem);
  } catch (cause) {
    throw new LedgerError('key_invalid', `${what} is not a private key in PEM`, {
      cause,
      hint: 'It must be an Ed25519 key in PKCS #8, as `openssl genpkey -algorithm ed25519` writes it.',
    });
  }
  if (key.asymmetricKeyType !== 'ed25519') {
    throw new LedgerError('key_invalid', `${what} is of type ${key.asymmetricKeyType}, not ed25519`);
  }
  return key;
}

/** The private key in PEM, PKCS #8. */
export function exportPem(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString();
}

/** The 32 bytes of an Ed25519 public key as RFC 8032 encodes it: the end of its SubjectPublicKeyInfo. */
export function rawPublicKey(key: KeyObject): Uint8Array {
  const spki = createPublicKey(key).export({ type: 'spki', format: 'der' });
  return Uint8Array.from(spki.subarray(spki.length - 32));
}
