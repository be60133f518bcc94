import { createHash } from 'node:crypto';
import { loadSigner, type NoteSigner } from '@spanledger/ledger';

/** An Ed25519 key from a seed, the same at every call: the PKCS #8 frame is constant (RFC 8410). */
export function signerFrom(seed: string, origin: string): NoteSigner {
  const key = createHash('sha256').update(seed).digest();
  const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), key]);
  const pem = `-----BEGIN PRIVATE KEY-----\n${der.toString('base64')}\n-----END PRIVATE KEY-----\n`;
  return loadSigner(pem, origin);
}
