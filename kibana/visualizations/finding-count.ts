import { count } from '../lens/column.ts';
import { number } from '../lens/number.ts';
import { RECONCILIATION_FINDINGS } from '../saved-objects/queries.ts';
import type { SavedObject } from '../saved-objects/saved-object.ts';

/** How much one side has and the other has not. */
export const findingCount: SavedObject = number(
  { id: 'spanledger-finding-count', title: 'Reconciliation findings' },
  count('Findings', RECONCILIATION_FINDINGS),
);
