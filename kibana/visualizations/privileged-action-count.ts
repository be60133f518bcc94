import { count } from '../lens/column.ts';
import { number } from '../lens/number.ts';
import { PRIVILEGED_ACTIONS } from '../saved-objects/queries.ts';
import type { SavedObject } from '../saved-objects/saved-object.ts';

/** How many privileged actions there were. */
export const privilegedActionCount: SavedObject = number(
  { id: 'spanledger-privileged-action-count', title: 'Privileged actions' },
  count('Privileged actions', PRIVILEGED_ACTIONS),
);
