export type { LedgerFact, ProviderEvent, ReconciliationReport } from './fact.ts';
export { KeycloakAdmin } from './keycloak-admin.ts';
export type { KeycloakConfig } from './keycloak-config.ts';
export { reconcile } from './reconciliation.ts';
export type { RecordSource } from './reconciliation.ts';
export { Reconciler } from './reconciler.ts';
