import { count, maximum, terms } from '../lens/column.ts';
import { table } from '../lens/table.ts';
import { FAILED_LOGINS } from '../saved-objects/queries.ts';
import type { SavedObject } from '../saved-objects/saved-object.ts';

/** Why logins failed. */
export const failedLoginReasons: SavedObject = table({
  id: 'spanledger-failed-login-reasons',
  title: 'Failed logins by reason',
  query: FAILED_LOGINS,
  columns: {
    reason: terms('Error', 'oidc.error', 'records', 10),
    service: terms('Service', 'service.name', 'records', 5),
    records: count('Records'),
    last: maximum('Last', '@timestamp'),
  },
});
