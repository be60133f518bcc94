import type { JsonObject } from '@spanledger/record';
import { isJsonObject } from '@spanledger/record';

import type { OutgoingDocument } from './bulk-writer.ts';
import { documentId } from './document-id.ts';

const BEFORE_ID = '{"create":{"_id":"';
const AFTER_ID = '"}}\n';
const NEWLINE = 0x0a;
const FRAME_BYTES: number = BEFORE_ID.length + AFTER_ID.length + 1;

/** A document as the ledger's own reader gives it. */
export interface DocumentText {
  /** `audit.integrity.hash`. */
  hash: string;
  /** JSON, UTF-8. */
  json: Uint8Array;
}

/**
 * Prepares a document for a bulk request.
 *
 * @param digest - of the log's origin
 * @param index - ledger index
 * @param isUncertain - whether it may be stored already
 */
export function outgoingDocument(
  document: DocumentText,
  digest: string,
  index: number,
  isUncertain: boolean,
): OutgoingDocument {
  const id = documentId(digest, index);
  const { hash, json } = document;
  return {
    index,
    id,
    hash,
    json,
    bytes: FRAME_BYTES + id.length + json.length,
    isUncertain,
    hasConflict: false,
  };
}

/** The body of a bulk request: two lines for each document. */
export function writeBulk(documents: readonly OutgoingDocument[]): Buffer {
  const body = Buffer.allocUnsafe(documents.reduce((sum, { bytes }) => sum + bytes, 0));
  let at = 0;
  for (const { id, json } of documents) {
    at += body.write(`${BEFORE_ID}${id}${AFTER_ID}`, at, 'latin1');
    body.set(json, at);
    at += json.length;
    body[at++] = NEWLINE;
  }
  return body;
}

/** The text of a document that was parsed, and the hash in it. */
export function textOfDocument(document: JsonObject): DocumentText {
  const { audit } = document;
  const integrity = isJsonObject(audit) ? audit['integrity'] : undefined;
  const hash = isJsonObject(integrity) ? integrity['hash'] : undefined;
  if (typeof hash !== 'string') throw new TypeError('a document has no audit.integrity.hash');
  return { hash, json: Buffer.from(JSON.stringify(document)) };
}
