import { createHash } from 'node:crypto';
import { loadCosigner, loadSigner, type Cosigner, type NoteSigner } from '@spanledger/ledger';

/** A log's key from a seed, the same at every call. */
export function signerFrom(seed: string, origin: string): NoteSigner {
  return loadSigner(pemFrom(seed), origin);
}

/** A witness's key from a seed, the same at every call. */
export function cosignerFrom(seed: string, name: string): Cosigner {
  return loadCosigner(pemFrom(seed), name);
}

/** An Ed25519 key in PEM: the frame of PKCS #8 is constant (RFC 8410). */
function pemFrom(seed: string): string {
  const key = createHash('sha256').update(seed).digest();
  const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), key]);
  return `-----BEGIN PRIVATE KEY-----\n${der.toString('base64')}\n-----END PRIVATE KEY-----\n`;
}
