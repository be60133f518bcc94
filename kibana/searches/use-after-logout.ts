import { USE_AFTER_LOGOUT } from '../saved-objects/queries.ts';
import type { SavedObject } from '../saved-objects/saved-object.ts';
import { savedSearch } from './saved-search.ts';

/** A session or token that had ended was used again. */
export const useAfterLogout: SavedObject = savedSearch({
  id: 'spanledger-search-use-after-logout',
  title: 'Use after logout',
  description: 'A session or token that had ended was used again.',
  query: USE_AFTER_LOGOUT,
  columns: [
    'user.id',
    'audit.session.id',
    'oidc.session.state',
    'event.action',
    'event.outcome',
    'client.address',
    'trace.id',
  ],
});
