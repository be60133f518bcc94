import { PRIVILEGED_ACTIONS } from '../saved-objects/queries.ts';
import type { SavedObject } from '../saved-objects/saved-object.ts';
import { savedSearch } from './saved-search.ts';

/** What administrators did, what was done where only they may be, and changes of keys. */
export const privilegedActions: SavedObject = savedSearch({
  id: 'spanledger-search-privileged-actions',
  title: 'Privileged actions',
  description: 'What administrators did, what was done where only they may be, and changes of keys.',
  query: PRIVILEGED_ACTIONS,
  columns: [
    'user.id',
    'user.roles',
    'event.action',
    'event.outcome',
    'service.name',
    'audit.session.id',
    'trace.id',
  ],
});
