import { isJsonObject } from '@spanledger/record';
import type { JsonObject } from '@spanledger/record';

import type { OutgoingDocument } from './bulk-writer.ts';
import { documentId } from './document-id.ts';

/**
 * Prepares a document for a bulk request.
 *
 * @param digest - of the log's origin
 * @param index - ledger index
 * @param isUncertain - whether it may be stored already
 */
export function outgoingDocument(
  document: JsonObject,
  digest: string,
  index: number,
  isUncertain: boolean,
): OutgoingDocument {
  const id = documentId(digest, index);
  const text = `{"create":{"_id":"${id}"}}\n${JSON.stringify(document)}`;
  return {
    index,
    id,
    hash: hashOf(document),
    text,
    bytes: Buffer.byteLength(text) + 1,
    isUncertain,
    hasConflict: false,
  };
}

function hashOf({ audit }: JsonObject): string {
  const integrity = isJsonObject(audit) ? audit['integrity'] : undefined;
  const hash = isJsonObject(integrity) ? integrity['hash'] : undefined;
  if (typeof hash === 'string') return hash;
  throw new TypeError('a document has no audit.integrity.hash');
}
