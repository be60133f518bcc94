import { KEY_CHANGES } from '../saved-objects/queries.ts';
import { type AlertRule, alertRule } from './alert-rule.ts';

/** The log's keys were changed. */
export const keyChanges: AlertRule = alertRule({
  id: '5a8d6a1e-6f0b-4c0e-9a3e-1d5b8f6c2a05',
  name: 'Keys of the log were changed',
  query: KEY_CHANGES,
  minutes: 15,
});
