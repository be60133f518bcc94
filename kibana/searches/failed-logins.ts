import { FAILED_LOGINS } from '../saved-objects/queries.ts';
import type { SavedObject } from '../saved-objects/saved-object.ts';
import { savedSearch } from './saved-search.ts';

/** Who was not let in, and why. */
export const failedLogins: SavedObject = savedSearch({
  id: 'spanledger-search-failed-logins',
  title: 'Failed logins',
  description: 'Who was not let in, and why.',
  query: FAILED_LOGINS,
  columns: [
    'event.action',
    'oidc.error',
    'user.id',
    'oidc.client_id',
    'client.address',
    'service.name',
    'trace.id',
  ],
});
