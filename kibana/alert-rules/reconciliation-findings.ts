import { RECONCILIATION_FINDINGS } from '../saved-objects/queries.ts';
import { type AlertRule, alertRule } from './alert-rule.ts';

/** The identity provider and the ledger differ. */
export const reconciliationFindings: AlertRule = alertRule({
  id: '5a8d6a1e-6f0b-4c0e-9a3e-1d5b8f6c2a04',
  name: 'Identity provider and ledger differ',
  query: RECONCILIATION_FINDINGS,
  minutes: 15,
});
