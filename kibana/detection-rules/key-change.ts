import { KEY_CHANGES } from '../saved-objects/queries.ts';
import { type DetectionRule, detectionRule } from './detection-rule.ts';

/** A key of the log was changed. */
export const keyChange: DetectionRule = detectionRule({
  id: 'key-change',
  name: 'Key of the log was changed',
  description: 'A signing key of the log was added, retired or revoked: somebody should have meant to.',
  severity: 'medium',
  query: KEY_CHANGES,
  attack: [{ tactic: 'TA0005', technique: 'T1553' }],
  falsePositives: ['Planned changes of keys.'],
});
