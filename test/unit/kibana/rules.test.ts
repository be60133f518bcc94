import { expect, test } from 'vitest';
import { fieldsOf, parseKql } from '../../support/kibana/kql.ts';
import { mappedFields } from '../../support/kibana/mapped-fields.ts';
import { changeLine, readLines, shippedObjects } from '../../support/kibana/shipped-objects.ts';
import {
  parseAlertRule,
  parseDetectionRule,
  shippedAlertRules,
  shippedDetectionRules,
} from '../../support/kibana/shipped-rules.ts';

const alerts = shippedAlertRules();
const detections = shippedDetectionRules();
const fields = [...mappedFields('spanledger-audit').keys()];

test('ids are stable names of one rule each', () => {
  expect(new Set(alerts.map(({ id }) => id)).size).toBe(alerts.length);
  expect(new Set(detections.map((rule) => rule.rule_id)).size).toBe(detections.length);
});

test.each(alerts.map((alert) => [alert.rule.name, alert] as const))('alert rule %s', (_name, { rule }) => {
  const { searchConfiguration, termField = '@timestamp', timeWindowSize } = rule.params;
  const view = shippedObjects().find(({ id }) => id === searchConfiguration.index);
  expect(view?.type).toBe('index-pattern');
  for (const field of [...fieldsOf(parseKql(searchConfiguration.query.query)), termField])
    expect(fields).toContain(field);
  expect(rule.schedule.interval, 'no time between two runs is left out').toBe(`${timeWindowSize}m`);
});

test.each(detections.map((rule) => [rule.name, rule] as const))('detection rule %s', (_name, rule) => {
  const named = fieldsOf(parseKql(rule.query));
  if (rule.type === 'threshold')
    named.push(...rule.threshold.field, ...rule.threshold.cardinality.map(({ field }) => field));
  if (rule.type === 'new_terms') named.push(...rule.new_terms_fields);
  for (const field of named) expect(fields).toContain(field);
  for (const { tactic, technique } of rule.threat) {
    expect(tactic.reference).toBe(`https://attack.mitre.org/tactics/${tactic.id}/`);
    for (const { id, reference, subtechnique } of technique) {
      expect(reference).toBe(`https://attack.mitre.org/techniques/${id}/`);
      for (const sub of subtechnique) {
        expect(sub.id).toMatch(new RegExp(`^${id}\\.`));
        expect(sub.reference).toBe(`https://attack.mitre.org/techniques/${sub.id.replace('.', '/')}/`);
      }
    }
  }
});

test('the schemas refuse what Kibana would', () => {
  const [alert] = readLines('alert-rules.ndjson');
  const [detection] = readLines('detection-rules.ndjson');
  expect(() => parseAlertRule(changeLine(alert, 'rule', { more: 1 }))).toThrow(/more/);
  expect(() => parseAlertRule({ ...alert, id: 'failed-logins' })).toThrow(/UUID/);
  expect(() => parseDetectionRule({ ...detection, immutable: true })).toThrow(/immutable/);
  expect(() => parseDetectionRule({ ...detection, type: 'threshold', threshold: undefined })).toThrow();
});
