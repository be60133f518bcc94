import { count } from '../lens/column.ts';
import { number } from '../lens/number.ts';
import { FAILED_LOGINS } from '../saved-objects/queries.ts';
import type { SavedObject } from '../saved-objects/saved-object.ts';

/** How many logins failed. */
export const failedLoginCount: SavedObject = number(
  { id: 'spanledger-failed-login-count', title: 'Failed logins' },
  count('Failed logins', FAILED_LOGINS),
);
