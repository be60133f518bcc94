import type { DatabaseSync, SQLOutputValue, StatementSync } from 'node:sqlite';

import {
  type DerivedDraft,
  deriveDraft,
  evidenceOf,
  type EvidenceRecord,
  partyOf,
} from '../derived-draft.ts';
import type { FollowedRecord } from '../followed-records.ts';
import { derivedId } from '../outbox/index.ts';
import { ALERT_KIND } from './alert-draft.ts';
import type { AlertRow, AlertTable } from './alert-table.ts';
import { type CompiledRule, compileRule } from './compiled-rule.ts';
import type { Hide } from './hidden-values.ts';
import { evidenceRecord } from './raised-alert.ts';
import { type KeyReader, RecordKeys } from './record-keys.ts';
import { type AlertRule, SEVERITY_SCORES } from './rule.ts';
import type { Predicate } from './selection.ts';

/** The table of what keeps alerts open. */
export const CAUSES_SCHEMA = `
  CREATE TABLE alert_causes (
    number INTEGER PRIMARY KEY AUTOINCREMENT, rule TEXT NOT NULL, key TEXT NOT NULL, cause TEXT NOT NULL,
    at TEXT NOT NULL, alert TEXT NOT NULL UNIQUE, end TEXT
  );
  CREATE INDEX alert_causes_by_key ON alert_causes (rule, key);
`;

/** The most causes that are remembered; the oldest ones are forgotten, and their alerts stay until somebody resolves them. */
const MAX_CAUSES = 100_000;

/** The most causes of one group that are remembered after they are over. */
const MAX_OVER = 64;

/** They are thinned out each time that so many were added. */
const THIN_OUT_EVERY = 1024;

/** The record that showed that a cause is over. */
interface CauseEnd extends EvidenceRecord {
  action: string;
  /** `@timestamp`. */
  at: string;
}

/** A rule whose alerts end by themselves. */
interface ResolvingRule {
  compiled: CompiledRule;
  keyOf: KeyReader;
  isEnd: Predicate;
  /** Whether an end is one of the records that it names, and not of all of the group. */
  isOfEach: boolean;
}

/**
 * Resolves alerts whose cause is over. A group's alerts are resolved together, once everything is over that would have
 * raised them: what was not told of, since the group had been told of not long before, keeps them open as well. It goes by
 * the ledger alone, record by record, so that a rebuild comes to the same.
 */
export class AlertResolver {
  readonly #rules: readonly ResolvingRule[];
  readonly #keys: RecordKeys;
  readonly #table: AlertTable;
  readonly #database: DatabaseSync;
  readonly #insert: StatementSync;
  #added = 0;

  /** @param database - with the table of {@link CAUSES_SCHEMA} */
  constructor(rules: readonly AlertRule[], hide: Hide, table: AlertTable, database: DatabaseSync) {
    this.#table = table;
    this.#database = database;
    const keys = new RecordKeys(hide);
    this.#keys = keys;
    this.#rules = rules.flatMap((rule): ResolvingRule[] => {
      const compiled = compileRule(rule);
      const isEnd = compiled.selections.get(rule.resolution?.by ?? '');
      if (rule.resolution === undefined || isEnd === undefined) return [];
      const keyOf = keys.reader('alerts.key', compiled.groupBy);
      return [{ compiled, keyOf, isEnd, isOfEach: rule.resolution.isOfEach }];
    });
    this.#insert = database.prepare(
      'INSERT OR IGNORE INTO alert_causes (rule, key, cause, at, alert) VALUES (?, ?, ?, ?, ?)',
    );
  }

  /** Within the follower's transaction, after the alert table has taken the record: what it brings to its end. */
  take(record: FollowedRecord): DerivedDraft[] {
    const { event } = record.record;
    if (event.kind === 'alert') return event.action === 'alert.raised' ? this.#takeAlert(record) : [];
    return this.#rules.flatMap((rule) => {
      if (rule.isEnd(record)) return this.#end(rule, record);
      if (rule.compiled.matches(record)) this.#add(rule, record);
      return [];
    });
  }

  /** Somebody is to be forgotten: no value of a record is at hand any more. */
  forget(): void {
    this.#keys.forget();
  }

  #add({ compiled: { rule }, keyOf }: ResolvingRule, record: FollowedRecord): void {
    const { id } = evidenceRecord(record);
    const alert = derivedId(ALERT_KIND, rule.id, id);
    this.#insert.run(rule.id, keyOf(record, true) ?? '', id, record.record['@timestamp'], alert);
    this.#added++;
    if (this.#added % THIN_OUT_EVERY !== 0) return;
    this.#database
      .prepare('DELETE FROM alert_causes WHERE number <= (SELECT max(number) FROM alert_causes) - ?')
      .run(MAX_CAUSES);
  }

  #end({ compiled: { rule }, keyOf, isOfEach }: ResolvingRule, record: FollowedRecord): DerivedDraft[] {
    const key = keyOf(record, true) ?? '';
    const { audit, event, '@timestamp': at } = record.record;
    const named = audit.evidence?.records ?? [];
    const end: CauseEnd = { ...evidenceRecord(record), action: event.action, at };
    this.#database
      .prepare(
        `UPDATE alert_causes SET end = ? WHERE rule = ? AND key = ? AND end IS NULL
         AND (? = 0 OR cause IN (SELECT value FROM json_each(?)))`,
      )

      .run(JSON.stringify(end), rule.id, key, isOfEach ? 1 : 0, JSON.stringify(named));
    return this.#resolve(rule, key, record);
  }

  /** An alert that is in the ledger only after its cause was over. */
  #takeAlert(record: FollowedRecord): DerivedDraft[] {
    const id = record.record.audit.alert?.id ?? '';
    const row = this.#database.prepare('SELECT rule, key FROM alert_causes WHERE alert = ?').get(id);
    const rule = this.#rules.find(({ compiled }) => compiled.rule.id === row?.['rule'])?.compiled.rule;
    return rule === undefined ? [] : this.#resolve(rule, String(row?.['key']), record);
  }

  /** Of what is over only the last ones may still have an alert that is on its way. */
  #thinOut(rule: string, key: string): void {
    this.#database
      .prepare(
        `DELETE FROM alert_causes WHERE rule = ? AND key = ? AND number <= (
          SELECT number FROM alert_causes WHERE rule = ? AND key = ? ORDER BY number DESC LIMIT 1 OFFSET ?)`,
      )
      .run(rule, key, rule, key, MAX_OVER);
  }

  /** @param by - whose record it was that the group was looked at for */
  #resolve(rule: AlertRule, key: string, by: FollowedRecord): DerivedDraft[] {
    const causes = this.#database
      .prepare('SELECT alert, at, end FROM alert_causes WHERE rule = ? AND key = ? ORDER BY number')
      .all(rule.id, key);
    if (causes.length === 0 || causes.some((cause) => cause['end'] === null)) return [];
    this.#thinOut(rule.id, key);
    const end = causes.map(endOf).reduce((last, each) => (each.index > last.index ? each : last));
    return causes.flatMap((cause) => {
      const row = this.#table.find(String(cause['alert']));
      if (row === undefined || row.status === 'resolved') return [];
      return [resolution(rule, row, String(cause['at']), end, by)];
    });
  }
}

function endOf(cause: Record<string, SQLOutputValue>): CauseEnd {
  // Written by this file alone.
  const end: CauseEnd = JSON.parse(String(cause['end']));
  return end;
}

function resolution(
  rule: AlertRule,
  row: AlertRow,
  at: string,
  end: CauseEnd,
  { record, openings }: FollowedRecord,
): DerivedDraft {
  const raised: EvidenceRecord = { id: row.id, index: row.raisedIndex };
  const shown: EvidenceRecord = { id: end.id, index: end.index };
  return deriveDraft({
    id: derivedId(ALERT_KIND, 'resolved', row.id),
    timestamp: end.at,
    kind: 'alert',
    action: 'alert.resolved',
    verb: 'RESOLVE',
    outcome: 'success',
    category: ['intrusion_detection'],
    type: ['info'],
    severity: SEVERITY_SCORES[row.severity],
    evidence: evidenceOf([raised, shown].toSorted((a, b) => a.index - b.index)),
    party: partyOf(record, openings),
    audit: {
      alert: { id: row.id, status: 'resolved', severity: row.severity, count: 1, first: at, last: at },
    },
    clear: { rule: { id: rule.id, name: rule.name, version: rule.version } },
    content: { message: `It is over: ${end.action}` },
  });
}
