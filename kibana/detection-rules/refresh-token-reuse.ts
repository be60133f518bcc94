import { REFRESH_REUSE } from '../saved-objects/queries.ts';
import { type DetectionRule, detectionRule } from './detection-rule.ts';

/** A refresh token is shown a second time. */
export const refreshTokenReuse: DetectionRule = detectionRule({
  id: 'refresh-token-reuse',
  name: 'Refresh token used again',
  description:
    'The identity provider refused a refresh token that was used before or has been revoked: two parties may have it.',
  severity: 'high',
  query: REFRESH_REUSE,
  attack: [{ tactic: 'TA0006', technique: 'T1528' }],
  falsePositives: [
    'A client that repeats a request whose answer it did not get; a session that ended by itself.',
  ],
});
