import type { CommitmentGroup, Openings } from './audit-record.ts';
import { closeDocument, openDocument } from './document.ts';
import type { JsonObject } from './json.ts';

/**
 * A document with some of its opened groups withheld, value and salt. It verifies as the whole one does, against the
 * same leaf, since the record's commitments stay; what was withheld can be shown later, and proved then.
 *
 * @param document - an opened document, as an index or `spanledger show` has it
 * @param groups - the groups that stay open, as far as they are; none for the record alone
 * @returns a new object
 * @throws RecordError `document_malformed` where it is no such document
 */
export function discloseGroups(document: JsonObject, groups: readonly CommitmentGroup[]): JsonObject {
  const { record, openings, integrity } = closeDocument(document);
  const disclosed: Openings = {};
  for (const group of groups) {
    const opening = openings[group];
    if (opening !== undefined) disclosed[group] = opening;
  }
  return openDocument(record, disclosed, integrity);
}
