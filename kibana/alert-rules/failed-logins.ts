import { FAILED_LOGINS } from '../saved-objects/queries.ts';
import { type AlertRule, alertRule } from './alert-rule.ts';

/** Logins fail again and again from one address. */
export const failedLogins: AlertRule = alertRule({
  id: '5a8d6a1e-6f0b-4c0e-9a3e-1d5b8f6c2a01',
  name: 'Failed logins',
  query: FAILED_LOGINS,
  minutes: 5,
  threshold: 9,
  groupBy: 'client.address',
});
