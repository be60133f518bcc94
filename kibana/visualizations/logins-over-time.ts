import { count, filters } from '../lens/column.ts';
import { series } from '../lens/series.ts';
import { FAILED_LOGINS } from '../saved-objects/queries.ts';
import type { SavedObject } from '../saved-objects/saved-object.ts';

/** Sessions that began and ended, and logins that failed. */
export const loginsOverTime: SavedObject = series({
  id: 'spanledger-logins-over-time',
  title: 'Logins and logouts over time',
  split: filters('What', {
    Login: 'event.action : "oidc.session.started"',
    Logout: 'event.action : "oidc.session.ended"',
    'Failed login': FAILED_LOGINS,
  }),
  values: { records: count('Records') },
});
