import { generateKeyPairSync } from 'node:crypto';
import { computeKeyId, formatVerificationKey } from '@spanledger/ledger/verify';

/** A key pair in the encodings of golang.org/x/mod/sumdb/note. */
export interface NoteKey {
  /** `PRIVATE+KEY+<name>+<id>+<base64 of the type and the seed>`. */
  skey: string;
  /** What verifies notes. */
  vkey: string;
  /** What verifies cosignatures, if it is the key of a witness. */
  witnessVkey: string;
}

/** Draws a key for a program that is not ours. */
export function makeNoteKey(name: string): NoteKey {
  const pair = generateKeyPairSync('ed25519');
  const publicKey = new Uint8Array(pair.publicKey.export({ type: 'spki', format: 'der' }).subarray(-32));
  const seed = pair.privateKey.export({ type: 'pkcs8', format: 'der' }).subarray(-32);
  const id = computeKeyId(name, publicKey).toString(16).padStart(8, '0');
  const encoded = Buffer.concat([Uint8Array.of(1), seed]).toString('base64');
  return {
    skey: `PRIVATE+KEY+${name}+${id}+${encoded}`,
    vkey: formatVerificationKey({ name, publicKey }),
    witnessVkey: formatVerificationKey({ name, publicKey }, 'cosignature'),
  };
}
