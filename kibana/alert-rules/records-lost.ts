import { RECORDS_LOST } from '../saved-objects/queries.ts';
import { type AlertRule, alertRule } from './alert-rule.ts';

/** A producer lost records. */
export const recordsLost: AlertRule = alertRule({
  id: '5a8d6a1e-6f0b-4c0e-9a3e-1d5b8f6c2a03',
  name: 'Records were lost',
  query: RECORDS_LOST,
  minutes: 5,
});
