import { sum } from '../lens/column.ts';
import { number } from '../lens/number.ts';
import type { SavedObject } from '../saved-objects/saved-object.ts';

/** How many spans producers could not keep. */
export const lostRecordCount: SavedObject = number(
  { id: 'spanledger-lost-record-count', title: 'Records lost, as producers say' },
  sum('Records lost', 'audit.lost.count'),
);
