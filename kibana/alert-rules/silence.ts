import { type AlertRule, alertRule } from './alert-rule.ts';

/** No record arrives any more. */
export const silence: AlertRule = alertRule({
  id: '5a8d6a1e-6f0b-4c0e-9a3e-1d5b8f6c2a06',
  name: 'No records',
  query: 'event.dataset : "spanledger.audit"',
  minutes: 15,
  comparator: '<',
  threshold: 1,
});
