import { hash } from 'node:crypto';

/** How many hexadecimal digits name a log, and a place in it. */
const ORIGIN_DIGITS = 32;
const INDEX_DIGITS = 16;

const DOCUMENT_ID = /^([0-9a-f]{32})-([0-9a-f]{16})$/;

/** The first half of each `_id` of a log: 16 bytes of the SHA-256 of its origin, in hex. */
export function originDigest(origin: string): string {
  return hash('sha256', origin, 'hex').slice(0, ORIGIN_DIGITS);
}

/**
 * The `_id` under which a record is indexed: the same for the same place of the same log, so that a record that is sent
 * again is recognised.
 *
 * @param digest - {@link originDigest} of the log
 * @param index - ledger index
 */
export function documentId(digest: string, index: number): string {
  return `${digest}-${index.toString(16).padStart(INDEX_DIGITS, '0')}`;
}

/** Takes an `_id` apart; undefined where nobody made it as {@link documentId} does. */
export function parseDocumentId(id: string): { digest: string; index: number } | undefined {
  const [, digest, digits] = DOCUMENT_ID.exec(id) ?? [];
  if (digest === undefined || digits === undefined) return undefined;
  const index = Number.parseInt(digits, 16);
  return Number.isSafeInteger(index) ? { digest, index } : undefined;
}
