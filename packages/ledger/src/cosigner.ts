import { generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { exportPem, loadPrivateKey, rawPublicKey } from './ed25519-key.ts';
import { LedgerError } from './errors.ts';
import { MAX_ORIGIN_BYTES } from './signer.ts';
import { cosignedMessage, encodeTimedSignature } from './verify/cosignature.ts';
import { computeKeyId, formatVerificationKey, isKeyName, type NoteSignature } from './verify/note.ts';

/** Cosigns checkpoints of other logs: an Ed25519 key of a witness (C2SP tlog-cosignature, version 1). */
export interface Cosigner {
  /** The witness's name. */
  readonly name: string;
  /** The verification key: `<name>+<key ID>+<base64>`, of type 0x04. */
  readonly vkey: string;
  /**
   * Cosigns a checkpoint.
   *
   * @param text the checkpoint's note text, which ends in a newline
   * @param timeS when, in seconds since the epoch
   * @returns the line to be put under it
   */
  cosign(text: string, timeS: number): NoteSignature;
}

/** A cosigner whose key was just drawn. */
export interface GeneratedCosigner extends Cosigner {
  /** The private key: PKCS #8, PEM. */
  readonly pem: string;
}

/**
 * Draws a new Ed25519 key for a witness. It must sign nothing else: a cosignature does not name its witness.
 *
 * @param name a schema-less URL such as `witness.example/w1`: no spaces, no `+`
 * @throws LedgerError `origin_invalid`
 */
export function generateCosigner(name: string): GeneratedCosigner {
  const { privateKey } = generateKeyPairSync('ed25519');
  return { ...cosignerOf(privateKey, name), pem: exportPem(privateKey) };
}

/**
 * Takes a witness's key from its PEM file.
 *
 * @param pem PKCS #8, as {@link GeneratedCosigner.pem} has it
 * @throws LedgerError `key_invalid` or `origin_invalid`
 */
export function loadCosigner(pem: string, name: string): Cosigner {
  return cosignerOf(loadPrivateKey(pem, "the witness's key"), name);
}

function cosignerOf(key: KeyObject, name: string): Cosigner {
  if (!isKeyName(name) || Buffer.byteLength(name) > MAX_ORIGIN_BYTES) {
    throw new LedgerError('origin_invalid', `not a name of a witness: ${JSON.stringify(name)}`, {
      hint: `A name has 1 to ${MAX_ORIGIN_BYTES} bytes and holds neither spaces, control characters nor "+".`,
    });
  }
  const publicKey = rawPublicKey(key);
  const keyId = computeKeyId(name, publicKey, 'cosignature');
  return {
    name,
    vkey: formatVerificationKey({ name, publicKey }, 'cosignature'),
    cosign(text, timeS) {
      const signature = sign(null, cosignedMessage(text, timeS), key);
      return { name, keyId, signature: encodeTimedSignature({ timeS, signature }) };
    },
  };
}
