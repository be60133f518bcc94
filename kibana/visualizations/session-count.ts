import { uniqueCount } from '../lens/column.ts';
import { number } from '../lens/number.ts';
import type { SavedObject } from '../saved-objects/saved-object.ts';

/** How many different sessions. */
export const sessionCount: SavedObject = number(
  { id: 'spanledger-session-count', title: 'Sessions' },
  uniqueCount('Sessions', 'audit.session.id'),
);
