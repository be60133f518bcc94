import { REQUESTS } from '../saved-objects/queries.ts';
import { type DetectionRule, detectionRule } from './detection-rule.ts';

/** One session comes from several addresses. */
export const sessionFromSeveralAddresses: DetectionRule = detectionRule({
  id: 'session-from-several-addresses',
  name: 'Session used from several addresses',
  description: 'Requests of one session came from three or more addresses within fifteen minutes.',
  severity: 'medium',
  query: `${REQUESTS} and audit.session.id : *`,
  threshold: { field: 'audit.session.id', value: 1, different: { field: 'client.address', value: 3 } },
  attack: [
    { tactic: 'TA0005', technique: 'T1550.004' },
    { tactic: 'TA0006', technique: 'T1539' },
  ],
  falsePositives: ['Mobile devices that change networks; several proxies.'],
});
