import { count } from '../lens/column.ts';
import { number } from '../lens/number.ts';
import type { SavedObject } from '../saved-objects/saved-object.ts';

/** How many records of failures. */
export const failureCount: SavedObject = number(
  { id: 'spanledger-failure-count', title: 'Failures' },
  count('Failures', 'event.outcome : "failure"'),
);
