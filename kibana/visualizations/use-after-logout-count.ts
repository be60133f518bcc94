import { count } from '../lens/column.ts';
import { number } from '../lens/number.ts';
import { USE_AFTER_LOGOUT } from '../saved-objects/queries.ts';
import type { SavedObject } from '../saved-objects/saved-object.ts';

/** How often an ended session was used. */
export const useAfterLogoutCount: SavedObject = number(
  { id: 'spanledger-use-after-logout-count', title: 'Uses after logout' },
  count('Uses after logout', USE_AFTER_LOGOUT),
);
