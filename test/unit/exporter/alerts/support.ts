import { DatabaseSync } from 'node:sqlite';
import { onTestFinished } from 'vitest';
import { AlertEngine } from '../../../../packages/exporter/src/alerts/engine.ts';
import type { RaisedAlert } from '../../../../packages/exporter/src/alerts/raised-alert.ts';
import { RecordClock } from '../../../../packages/exporter/src/alerts/record-clock.ts';
import type { AlertRule } from '../../../../packages/exporter/src/alerts/rule.ts';
import { readRules } from '../../../../packages/exporter/src/alerts/rule-file.ts';
import {
  KEY_STATES_SCHEMA,
  StoredKeyStates,
} from '../../../../packages/exporter/src/alerts/stored-key-states.ts';
import type { FollowedRecord } from '../../../../packages/exporter/src/followed-records.ts';

/** An engine over a database of its own; `save` is what happens between batches. */
export interface TestEngine {
  engine: AlertEngine;
  states: StoredKeyStates;
  save(): void;
}

/** @param maxKeys - states in memory between batches */
export function startEngine(rules: readonly AlertRule[], maxKeys = 1000): TestEngine {
  const database = new DatabaseSync(':memory:');
  database.exec(KEY_STATES_SCHEMA);
  onTestFinished(() => {
    if (database.isOpen) database.close();
  });
  const clock = new RecordClock();
  const states = new StoredKeyStates(database, maxKeys, () => clock.nowMs);
  const engine = new AlertEngine(rules, { states, clock, hide: (kind, value) => `${kind} ${value}` });
  return {
    engine,
    states,
    save() {
      states.flush();
      states.evict();
    },
  };
}

/** The rules of a text that has no mistakes. */
export function rulesOf(text: string): AlertRule[] {
  const read = readRules(text, 'rules.yaml');
  if (!read.ok) throw new Error(read.problems.join('\n'));
  return read.rules;
}

/** One rule over all records called `x`, but for what a test says of it. */
export function rule(more: string, select = '{ any: { event.action: x } }'): AlertRule[] {
  return rulesOf(
    `id: tried\nname: Tried\nversion: 1\nseverity: high\ngroup_by: [audit.actor.id]\nselect: ${select}\n${more}`,
  );
}

/** What records raise, in batches of a size. */
export function raise(
  rules: readonly AlertRule[],
  records: readonly FollowedRecord[],
  batch: number = records.length,
  maxKeys?: number,
): RaisedAlert[] {
  const tried = startEngine(rules, maxKeys);
  const raised: RaisedAlert[] = [];
  for (const [i, record] of records.entries()) {
    raised.push(...tried.engine.take(record));
    if ((i + 1) % batch === 0) tried.save();
  }
  return raised;
}
