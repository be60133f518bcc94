import { count } from '../lens/column.ts';
import { number } from '../lens/number.ts';
import type { SavedObject } from '../saved-objects/saved-object.ts';

/** How many sessions began. */
export const loginCount: SavedObject = number(
  { id: 'spanledger-login-count', title: 'Logins' },
  count('Logins', 'event.action : "oidc.session.started"'),
);
