import type { CommitmentGroup, Opening } from './audit-record.ts';
import { encodeBase64url } from './base64url.ts';
import { encodeCanonical } from './canonical-json/writer.ts';

/** SHA-256, injected: `node:crypto` on a server, something else in a browser. Returns 32 bytes. */
export type Sha256 = (bytes: Uint8Array) => Uint8Array;

/** Cryptographically secure random bytes, injected. */
export type RandomBytes = (sizeBytes: number) => Uint8Array;

/** Bytes of a salt before base64url. */
export const SALT_BYTES = 16;

/**
 * The commitment to a group: base64url(SHA-256(JCS({"group","salt","value"}))), without padding.
 *
 * @param group - Part of what is hashed, so that an opening cannot be passed off as another group's.
 * @param opening - The salt and the value, as they stand in the vault.
 * @throws RecordError `value_not_json` or `value_too_deep` for a value without canonical form.
 */
export function computeCommitment(group: CommitmentGroup, opening: Opening, sha256: Sha256): string {
  return encodeBase64url(sha256(encodeCanonical({ group, salt: opening.salt, value: opening.value })));
}
