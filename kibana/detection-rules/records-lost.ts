import { RECORDS_LOST } from '../saved-objects/queries.ts';
import { type DetectionRule, detectionRule } from './detection-rule.ts';

/** A producer could not keep records. */
export const recordsLost: DetectionRule = detectionRule({
  id: 'records-lost',
  name: 'Audit records were lost',
  description: 'A producer reports spans that it numbered and could not keep.',
  severity: 'high',
  query: RECORDS_LOST,
  attack: [{ tactic: 'TA0005', technique: 'T1562.006' }],
  falsePositives: ['A full disk.'],
});
