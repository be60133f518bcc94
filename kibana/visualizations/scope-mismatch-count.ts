import { count } from '../lens/column.ts';
import { number } from '../lens/number.ts';
import { SCOPE_MISMATCHES } from '../saved-objects/queries.ts';
import type { SavedObject } from '../saved-objects/saved-object.ts';

/** How many calls lacked a scope. */
export const scopeMismatchCount: SavedObject = number(
  { id: 'spanledger-scope-mismatch-count', title: 'Scope mismatches' },
  count('Scope mismatches', SCOPE_MISMATCHES),
);
