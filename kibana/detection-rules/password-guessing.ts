import { FAILED_LOGINS } from '../saved-objects/queries.ts';
import { type DetectionRule, detectionRule } from './detection-rule.ts';

/** Many logins fail from one address. */
export const passwordGuessing: DetectionRule = detectionRule({
  id: 'password-guessing',
  name: 'Many failed logins from one address',
  description: 'Ten or more logins failed from one address within fifteen minutes.',
  severity: 'medium',
  query: FAILED_LOGINS,
  threshold: { field: 'client.address', value: 10 },
  attack: [{ tactic: 'TA0006', technique: 'T1110.001' }],
  falsePositives: ['Many people behind one address; a service whose secret has expired.'],
});
