import { SCOPE_MISMATCHES } from '../saved-objects/queries.ts';
import { type DetectionRule, detectionRule } from './detection-rule.ts';

/** A person tries what the token does not allow. */
export const scopeProbing: DetectionRule = detectionRule({
  id: 'scope-probing',
  name: 'Repeated calls beyond the scope of a token',
  description:
    'Five or more calls of one person were refused within fifteen minutes, because the scope of the token did not suffice.',
  severity: 'medium',
  query: SCOPE_MISMATCHES,
  threshold: { field: 'user.id', value: 5 },
  attack: [{ tactic: 'TA0004', technique: 'T1078' }],
  falsePositives: ['A client that was deployed without its new scopes.'],
});
