export type { LedgerFact, ProviderEvent, ReconciliationReport, Window } from './fact.ts';
export { KeycloakAdmin } from './keycloak-admin.ts';
export type { KeycloakConfig } from './keycloak-config.ts';
export { reconcile } from './reconciliation.ts';
export type { RecordSource } from './reconciliation.ts';
export { Reconciler } from './reconciler.ts';
export type { ReconcilerOptions, ReconcilerWarning } from './reconciler.ts';
