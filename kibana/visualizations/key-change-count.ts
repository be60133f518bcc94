import { count } from '../lens/column.ts';
import { number } from '../lens/number.ts';
import { KEY_CHANGES } from '../saved-objects/queries.ts';
import type { SavedObject } from '../saved-objects/saved-object.ts';

/** How often the log's keys changed. */
export const keyChangeCount: SavedObject = number(
  { id: 'spanledger-key-change-count', title: 'Changes of keys' },
  count('Changes of keys', KEY_CHANGES),
);
