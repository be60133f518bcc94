import type { DatabaseSync, SQLOutputValue, StatementSync } from 'node:sqlite';
import type { AlertSeverity, AlertStatus, AuditRecord } from '@spanledger/record';

import { isSeverity, SEVERITY_SCORES } from './rule.ts';

/** The table of alerts, as the ledger has them. */
export const ALERTS_SCHEMA = `
  CREATE TABLE alerts (
    id TEXT PRIMARY KEY, rule TEXT NOT NULL, severity INTEGER NOT NULL, status TEXT NOT NULL,
    raised_index INTEGER NOT NULL UNIQUE, changed_index INTEGER
  ) WITHOUT ROWID;
`;

/** What is stored of an alert; everything else is in its records. */
export interface AlertRow {
  /** `audit.alert.id`. */
  id: string;
  rule: string;
  severity: AlertSeverity;
  status: AlertStatus;
  /** Ledger index of the record that raised it. */
  raisedIndex: number;
  /** Ledger index of the record that changed its status last. */
  changedIndex?: number;
}

/** Which alerts are asked for. */
export interface AlertFilter {
  status?: AlertStatus;
  /** At least so grave. */
  minSeverity?: AlertSeverity;
  rule?: string;
  /** Only alerts that were raised before this ledger index. */
  before?: number;
  limit: number;
}

const STATUSES: ReadonlySet<string> = new Set<AlertStatus>(['acknowledged', 'open', 'resolved']);

/** The alerts of a log. */
export class AlertTable {
  readonly #database: DatabaseSync;
  readonly #insert: StatementSync;
  readonly #change: StatementSync;

  constructor(database: DatabaseSync) {
    this.#database = database;
    this.#insert = database.prepare(
      'INSERT OR IGNORE INTO alerts (id, rule, severity, status, raised_index) VALUES (?, ?, ?, ?, ?)',
    );
    this.#change = database.prepare('UPDATE alerts SET status = ?, changed_index = ? WHERE id = ?');
  }

  /** Takes in a record of an alert; others are passed over. */
  note({ audit, event, rule }: AuditRecord, index: number): void {
    const { alert } = audit;
    if (event.kind !== 'alert' || alert === undefined) return;
    switch (event.action) {
      case 'alert.raised':
        this.#insert.run(alert.id, rule?.id ?? '', SEVERITY_SCORES[alert.severity], alert.status, index);
        return;
      case 'alert.acknowledged':
      case 'alert.resolved':
        this.#change.run(alert.status, index, alert.id);
        return;
    }
  }

  find(id: string): AlertRow | undefined {
    return toRow(this.#database.prepare('SELECT * FROM alerts WHERE id = ?').get(id));
  }

  /** Alerts, those that were raised last first. */
  list({ status, minSeverity = 'low', rule, before, limit }: AlertFilter): AlertRow[] {
    return this.#database
      .prepare(
        `SELECT * FROM alerts WHERE raised_index < ? AND severity >= ? AND (? IS NULL OR status = ?)
          AND (? IS NULL OR rule = ?) ORDER BY raised_index DESC LIMIT ?`,
      )
      .all(
        before ?? Number.MAX_SAFE_INTEGER,
        SEVERITY_SCORES[minSeverity],
        status ?? null,
        status ?? null,
        rule ?? null,
        rule ?? null,
        limit,
      )
      .flatMap((row) => toRow(row) ?? []);
  }

  /** How many alerts are open, by severity. */
  open(): Partial<Record<AlertSeverity, number>> {
    const rows = this.#database
      .prepare("SELECT severity, count(*) AS count FROM alerts WHERE status = 'open' GROUP BY severity")
      .all();
    return Object.fromEntries(rows.map((row) => [severityOf(row['severity']), Number(row['count'])]));
  }
}

/** True for the name of a status. */
export function isStatus(value: unknown): value is AlertStatus {
  return typeof value === 'string' && STATUSES.has(value);
}

function toRow(columns: Record<string, SQLOutputValue> | undefined): AlertRow | undefined {
  if (columns === undefined) return undefined;
  const status = columns['status'];
  const changed = columns['changed_index'];
  return {
    id: String(columns['id']),
    rule: String(columns['rule']),
    severity: severityOf(columns['severity']),
    status: isStatus(status) ? status : 'open',
    raisedIndex: Number(columns['raised_index']),
    ...(changed !== null && changed !== undefined && { changedIndex: Number(changed) }),
  };
}

function severityOf(score: SQLOutputValue | undefined): AlertSeverity {
  const found = Object.entries(SEVERITY_SCORES).find(([, value]) => value === score)?.[0];
  return isSeverity(found) ? found : 'low';
}
