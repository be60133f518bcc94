import type { SavedObject } from '../saved-objects/saved-object.ts';
import { savedSearch } from './saved-search.ts';

/** Every record, newest first. */
export const auditRecords: SavedObject = savedSearch({
  id: 'spanledger-search-audit-records',
  title: 'Audit records',
  description: 'Every record, newest first.',
  query: '',
  columns: [
    'event.action',
    'event.outcome',
    'user.id',
    'audit.session.id',
    'service.name',
    'client.address',
    'trace.id',
  ],
});
