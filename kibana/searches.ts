import { AUDIT_VIEW } from './data-views.ts';
import type { SavedObject } from './saved-object.ts';

/** Questions in KQL that searches, panels and rules share. */
export const QUERIES = {
  everything: '',
  calls: 'span.kind : server and event.category : api',
  failures: 'event.outcome : failure',
  logins: 'event.action : oidc.session.started',
  logouts: 'event.action : oidc.session.ended',
  failedLogins: 'event.action : oidc.authorization.failed',
  rejectedTokens: 'event.action : oidc.token.rejected',
  privileged:
    'span.kind : server and (user.roles : (admin or administrator or superuser) or oidc.scope : admin*)',
  // The call that ends a session ends under it, and is among them.
  afterLogout:
    'span.kind : server and event.category : api and oidc.session.state : (logged_out or revoked or expired)',
  scopeMismatches:
    'audit.session.id : * and (http.response.status_code : 403 or oidc.error : insufficient_scope)',
  services: 'audit.actor.type : service',
  lost: 'event.action : audit.records.lost',
  keyChanges: 'event.action : (ledger.key.added or ledger.key.retired or ledger.key.revoked)',
  truncated: 'audit.truncated : *',
  refreshes: 'event.action : oidc.token.refreshed',
} as const;

const WHO = ['user.id', 'oidc.client_id', 'service.name'];

function search(
  id: string,
  title: string,
  description: string,
  query: string,
  columns: readonly string[],
): SavedObject {
  const searchSource = {
    query: { query, language: 'kuery' },
    filter: [],
    indexRefName: 'kibanaSavedObjectMeta.searchSourceJSON.index',
  };
  return {
    type: 'search',
    id,
    attributes: {
      title: `[Audit] ${title}`,
      description,
      columns,
      sort: [['@timestamp', 'desc']],
      grid: {},
      hideChart: false,
      isTextBasedQuery: false,
      timeRestore: false,
      kibanaSavedObjectMeta: { searchSourceJSON: JSON.stringify(searchSource) },
    },
    references: [
      { id: AUDIT_VIEW, name: 'kibanaSavedObjectMeta.searchSourceJSON.index', type: 'index-pattern' },
    ],
  };
}

/** The saved searches. */
export const searches: readonly SavedObject[] = [
  search(
    'spanledger-search-records',
    'Records',
    'Everything that is recorded, newest first.',
    QUERIES.everything,
    [...WHO, 'audit.action', 'event.action', 'event.outcome', 'trace.id', 'audit.session.id'],
  ),
  search(
    'spanledger-search-failed-logins',
    'Failed logins',
    'Authorizations that the provider refused or the person gave up.',
    QUERIES.failedLogins,
    ['oidc.error', 'oidc.client_id', 'client.address', 'service.name', 'trace.id'],
  ),
  search(
    'spanledger-search-privileged-actions',
    'Privileged actions',
    'Calls under an administrator’s role or scope. Adapt the roles and scopes to yours.',
    QUERIES.privileged,
    [...WHO, 'http.route', 'http.request.method', 'event.outcome', 'audit.session.id', 'trace.id'],
  ),
  search(
    'spanledger-search-use-after-logout',
    'Use after logout',
    'Calls under a session that had ended. The call that ended it is among them.',
    QUERIES.afterLogout,
    [...WHO, 'event.action', 'oidc.session.state', 'event.outcome', 'audit.session.id', 'trace.id'],
  ),
  search(
    'spanledger-search-scope-mismatches',
    'Scope mismatches',
    'Calls that were refused because the granted scopes did not suffice.',
    QUERIES.scopeMismatches,
    [...WHO, 'http.route', 'oidc.scope', 'oidc.required_scope', 'audit.session.id', 'trace.id'],
  ),
];
