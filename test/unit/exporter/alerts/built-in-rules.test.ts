import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { builtInRules, loadRules } from '../../../../packages/exporter/src/alerts/built-in-rules.ts';
import { sketchRecords, type RecordSketch } from '../../../support/exporter/alert-records.ts';
import { raise } from './support.ts';

const FOLDER = new URL('../../../../packages/exporter/rules/', import.meta.url);

interface Case {
  name: string;
  records: RecordSketch[];
  /** How many alerts; one if nothing is said. */
  alerts?: number;
  severity?: string;
}

interface Cases {
  positives: Case[];
  near_misses: Case[];
}

const rules = builtInRules();

for (const rule of rules) {
  describe(`the rule ${rule.id}`, () => {
    const text = readFileSync(new URL(`${rule.id}.cases.yaml`, FOLDER), 'utf8');
    const { positives, near_misses: nearMisses }: Cases = parse(text);
    test.each(positives)('raised: $name', ({ records, alerts = 1, severity = rule.severity }) => {
      const raised = raise([rule], sketchRecords(records), 7, 3);
      expect(raised.map(({ severity: grave }) => grave)).toEqual(
        Array.from({ length: alerts }, () => severity),
      );
    });
    test.each(nearMisses)('quiet: $name', ({ records }) => {
      expect(raise([rule], sketchRecords(records), 7, 3)).toEqual([]);
    });
    test('as many of one as of the other', () => {
      expect(positives.length).toBeGreaterThan(0);
      expect(nearMisses.length).toBeGreaterThanOrEqual(positives.length);
    });
  });
}

test('every rule has its cases, and every file its rule', () => {
  // Cases without their rule would not be run.
  const files = readdirSync(FOLDER);
  const ids = rules.map(({ id }) => id);
  expect(files.filter((name) => name.endsWith('.cases.yaml')).map((name) => name.split('.')[0])).toEqual(
    ids.toSorted(),
  );
  expect(files.filter((name) => !name.endsWith('.cases.yaml')).map((name) => name.split('.')[0])).toEqual(
    ids.toSorted(),
  );
});

test('each says what it means, and a file is named for its rule', () => {
  for (const { id, name, description, threat } of rules) {
    expect(name, id).toMatch(/^[A-Z]/);
    expect(description.length, id).toBeGreaterThan(20);
    if (id !== 'clock-skew') expect(threat?.technique.id, id).toMatch(/^T\d{4}(\.\d{3})?$/);
  }
});

test('one that is disabled is not in force; one that is not there is an error', () => {
  expect(loadRules({ disabled: ['new-client'] }).map(({ id }) => id)).not.toContain('new-client');
  expect(() => loadRules({ disabled: ['new-clients'] })).toThrow('there is no rule new-clients');
  expect(() => loadRules({ file: '/nowhere/rules.yaml', disabled: [] })).toThrow('/nowhere/rules.yaml');
});
