import { USE_AFTER_LOGOUT } from '../saved-objects/queries.ts';
import { type DetectionRule, detectionRule } from './detection-rule.ts';

/** An ended session or revoked token is used. */
export const useAfterLogout: DetectionRule = detectionRule({
  id: 'use-after-logout',
  name: 'Session or token used after its end',
  description:
    'A session that was logged out or revoked, or a token of it, was used again: it may have been copied before.',
  severity: 'high',
  query: USE_AFTER_LOGOUT,
  attack: [
    { tactic: 'TA0005', technique: 'T1550.001' },
    { tactic: 'TA0006', technique: 'T1539' },
  ],
  falsePositives: ['Requests that were under way while somebody logged out.'],
});
