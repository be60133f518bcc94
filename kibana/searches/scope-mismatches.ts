import { SCOPE_MISMATCHES } from '../saved-objects/queries.ts';
import type { SavedObject } from '../saved-objects/saved-object.ts';
import { savedSearch } from './saved-search.ts';

/** A token was good but did not reach far enough. */
export const scopeMismatches: SavedObject = savedSearch({
  id: 'spanledger-search-scope-mismatches',
  title: 'Scope mismatches',
  description: 'A token was good but did not reach far enough.',
  query: SCOPE_MISMATCHES,
  columns: [
    'user.id',
    'oidc.client_id',
    'event.action',
    'oidc.scope',
    'oidc.required_scope',
    'service.name',
    'trace.id',
  ],
});
