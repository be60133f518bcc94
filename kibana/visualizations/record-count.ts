import { count } from '../lens/column.ts';
import { number } from '../lens/number.ts';
import type { SavedObject } from '../saved-objects/saved-object.ts';

/** How many records. */
export const recordCount: SavedObject = number(
  { id: 'spanledger-record-count', title: 'Records' },
  count('Records'),
);
