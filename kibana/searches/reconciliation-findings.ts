import { RECONCILIATION_FINDINGS } from '../saved-objects/queries.ts';
import type { SavedObject } from '../saved-objects/saved-object.ts';
import { savedSearch } from './saved-search.ts';

/** What the identity provider or the ledger has and the other has not. */
export const reconciliationFindings: SavedObject = savedSearch({
  id: 'spanledger-search-reconciliation-findings',
  title: 'Reconciliation findings',
  description: 'What the identity provider or the ledger has and the other has not.',
  query: RECONCILIATION_FINDINGS,
  columns: [
    'event.action',
    'event.code',
    'user.id',
    'audit.session.id',
    'oidc.client_id',
    'oidc.error',
    'audit.target.id',
  ],
});
