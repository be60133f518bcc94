import { count } from '../lens/column.ts';
import { number } from '../lens/number.ts';
import type { SavedObject } from '../saved-objects/saved-object.ts';

/** How many records were cut to a limit. */
export const truncatedCount: SavedObject = number(
  { id: 'spanledger-truncated-count', title: 'Records cut to a limit' },
  count('Cut', 'audit.truncated : *'),
);
