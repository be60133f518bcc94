import { PRIVILEGED_ACTIONS } from '../saved-objects/queries.ts';
import { type DetectionRule, detectionRule } from './detection-rule.ts';

/** Somebody acts as an administrator for the first time. */
export const firstPrivilegedAction: DetectionRule = detectionRule({
  id: 'first-privileged-action',
  name: 'First privileged action of a person in a service',
  description:
    'A person did something privileged in a service in which the same person did nothing privileged in the last thirty days.',
  severity: 'low',
  query: `(${PRIVILEGED_ACTIONS}) and user.id : *`,
  newTerms: { fields: ['user.id', 'service.name'], days: 30 },
  attack: [{ tactic: 'TA0004', technique: 'T1078' }],
  falsePositives: ['New administrators.'],
});
