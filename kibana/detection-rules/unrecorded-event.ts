import { type DetectionRule, detectionRule } from './detection-rule.ts';

/** The provider knows of what no record tells. */
export const unrecordedEvent: DetectionRule = detectionRule({
  id: 'unrecorded-event',
  name: 'Identity provider knows what the ledger does not',
  description:
    'A comparison found an event of the identity provider to which no record answers: a producer may be silent, or passed by.',
  severity: 'medium',
  query:
    'event.action : "reconciliation.missing_in_ledger" and event.outcome : "success" and event.provider : *',
  attack: [{ tactic: 'TA0005', technique: 'T1562.006' }],
  falsePositives: ['Clients that are not instrumented.'],
});
