import { USE_AFTER_LOGOUT } from '../saved-objects/queries.ts';
import { type AlertRule, alertRule } from './alert-rule.ts';

/** An ended session is used. */
export const useAfterLogout: AlertRule = alertRule({
  id: '5a8d6a1e-6f0b-4c0e-9a3e-1d5b8f6c2a02',
  name: 'Use after logout',
  query: USE_AFTER_LOGOUT,
  minutes: 5,
});
