import { type DerivedDraft, deriveDraft, type EvidenceParty } from '../derived-draft.ts';
import { derivedId } from '../outbox/index.ts';
import type { RaisedAlert } from './raised-alert.ts';
import { SEVERITY_SCORES } from './rule.ts';

/** The word that begins `audit.record.id` of alerts, which is also their `audit.alert.id`. */
export const ALERT_KIND = 'alert';

/** `event.action` of an alert. */
export const ALERT_RAISED = 'alert.raised';

/** The id of an alert: the rule and the record that completed it say which one it is. */
export function alertId({ rule, trigger }: RaisedAlert): string {
  return derivedId(ALERT_KIND, rule.id, trigger.id);
}

/**
 * The record of an alert.
 *
 * @param party - of the record that completed it
 */
export function alertDraft(raised: RaisedAlert, party: EvidenceParty): DerivedDraft {
  const { rule, severity, timestamp, evidence, first, last } = raised;
  const id = alertId(raised);
  const { threat } = rule;
  return deriveDraft({
    id,
    timestamp,
    kind: 'alert',
    action: ALERT_RAISED,
    verb: 'ALERT',
    outcome: 'unknown',
    category: ['intrusion_detection'],
    type: ['info'],
    severity: SEVERITY_SCORES[severity],
    evidence,
    party,
    audit: { alert: { id, status: 'open', severity, count: evidence.count, first, last } },
    clear: {
      rule: {
        id: rule.id,
        name: rule.name,
        version: rule.version,
        ...(rule.description !== '' && { description: rule.description }),
      },
      ...(threat !== undefined && {
        threat: {
          framework: 'MITRE ATT&CK',
          tactic: { id: [threat.tactic.id], name: [threat.tactic.name] },
          technique: { id: [threat.technique.id], name: [threat.technique.name] },
        },
      }),
    },
    content: { message: messageOf(raised) },
  });
}

function messageOf({ rule, evidence, first, last }: RaisedAlert): string {
  if (evidence.count === 1) return rule.name;
  return `${rule.name}: ${evidence.count} records from ${first} to ${last}`;
}
