import type { IndexAttack } from '../index-attack.ts';
import { deleteDocument } from './delete-document.ts';
import { editDocument } from './edit-document.ts';
import { injectDocument, injectDocumentWithKey } from './inject-document.ts';
import { swapDisclosures } from './swap-disclosures.ts';

/** Every attack on an index, in the order of the matrix. */
export const INDEX_ATTACKS: readonly IndexAttack[] = [
  editDocument,
  deleteDocument,
  injectDocument,
  injectDocumentWithKey,
  swapDisclosures,
];
