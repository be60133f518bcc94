import { REQUESTS } from '../saved-objects/queries.ts';
import type { SavedObject } from '../saved-objects/saved-object.ts';
import { savedSearch } from './saved-search.ts';

/** What people and services asked for, without the spans inside. */
export const requestsSearch: SavedObject = savedSearch({
  id: 'spanledger-search-requests',
  title: 'Requests',
  description: 'What people and services asked for, without the spans inside.',
  query: REQUESTS,
  columns: [
    'user.id',
    'event.action',
    'http.response.status_code',
    'event.duration',
    'service.name',
    'trace.id',
  ],
});
