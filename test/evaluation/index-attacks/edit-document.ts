import { hashLeaf, sha256 } from '@spanledger/ledger/verify';
import {
  closeDocument,
  COMMITMENT_GROUPS,
  computeCommitment,
  encodeCanonical,
  isJsonObject,
  openDocument,
  type JsonObject,
} from '@spanledger/record';
import { leafPaths, withOtherLeaf } from '../document-leaves.ts';
import type { IndexAttack } from '../index-attack.ts';

/** Makes a changed document agree with itself: commitments and the stated hash are computed anew. */
export function mendDocument(document: JsonObject): JsonObject {
  const { record, openings, integrity } = closeDocument(document);
  const audit = isJsonObject(record['audit']) ? record['audit'] : {};
  const commitments = Object.fromEntries(
    COMMITMENT_GROUPS.flatMap((group) => {
      const opening = openings[group];
      return opening === undefined ? [] : [[group, computeCommitment(group, opening, sha256)]];
    }),
  );
  const mended = { ...record, audit: { ...audit, commitments } };
  const hash = Buffer.from(hashLeaf(encodeCanonical(mended))).toString('hex');
  return openDocument(mended, openings, { ...integrity, hash });
}

export const editDocument: IndexAttack = {
  name: 'edit one field of an indexed document',
  needs: 'index',
  about:
    'One field of a document, any of those stored, gets another value. Every other time commitments and the stated hash are computed anew, so that the document agrees with itself.',
  commit({ documents, random }) {
    const { document, proof } = random.pick(documents);
    const path = random.pick([...leafPaths(document)]);
    const changed = withOtherLeaf(document, path);
    // What stands under these is what is mended, and would be as before.
    const isMended = path[0] === 'audit' && ['integrity', 'commitments'].includes(String(path[1]));
    const mend = random.flip() && !isMended;
    return Promise.resolve({ document: mend ? mendDocument(changed) : changed, proof });
  },
};
