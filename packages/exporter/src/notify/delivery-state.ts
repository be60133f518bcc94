import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { SQLOutputValue, StatementSync } from 'node:sqlite';

import { ExporterError } from '../errors.ts';
import { type AlertFacts, ALERT_ACTIONS, SEVERITIES } from './alert.ts';
import { inTransaction } from '../transaction.ts';

/** The most dead letters of one target: with so many it waits until somebody sees to them. */
export const MAX_TARGET_DEAD_LETTERS = 10_000;

/** The most alerts that wait for any target: with so many no more are looked for; they are in the ledger. */
export const MAX_WAITING_ALERTS = 1_000_000;

/** How many waiting alerts are looked at for one target at once. */
const LOOK_AHEAD = 256;

const VERSION = 1;
const BUSY_TIMEOUT_MS = 5000;

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS log (
    id INTEGER PRIMARY KEY CHECK (id = 0), origin TEXT NOT NULL, position INTEGER NOT NULL
  );
  CREATE TABLE IF NOT EXISTS alerts (
    ledger_index INTEGER PRIMARY KEY, action TEXT NOT NULL, severity TEXT NOT NULL, rule TEXT NOT NULL
  );
  CREATE TABLE IF NOT EXISTS targets (
    name TEXT PRIMARY KEY, position INTEGER NOT NULL, failing_since_ms INTEGER
  );
  CREATE TABLE IF NOT EXISTS dead_letters (
    target TEXT NOT NULL, ledger_index INTEGER NOT NULL, reason TEXT NOT NULL, at_ms INTEGER NOT NULL,
    retry INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (target, ledger_index)
  ) WITHOUT ROWID;
`;

/** An alert that waits for a target. */
export interface WaitingAlert extends AlertFacts {
  /** Ledger index. */
  index: number;
}

/** An alert that a target did not take. The record itself is in the ledger. */
export interface AlertDeadLetter {
  target: string;
  /** Ledger index. */
  index: number;
  /** One of our reasons, such as `http 400`; never the other side's text, which may quote the alert. */
  reason: string;
  /** When it was given up, in milliseconds since the epoch. */
  atMs: number;
  /** Somebody asked for another attempt. */
  isRetried: boolean;
}

/**
 * What delivery keeps in the data directory: which alerts wait, how far each target is, and what none took. It names
 * alerts by their place in the ledger, so it holds nothing about anybody. A retry in another process may mark dead
 * letters meanwhile.
 */
export class DeliveryState {
  readonly #database: DatabaseSync;
  readonly #statements: Map<string, StatementSync> = new Map();

  /**
   * @param file - path of the database
   * @param readOnly - true to look only; the file must be there then
   * @throws ExporterError `delivery_damaged`
   */
  constructor(file: string, readOnly = false) {
    try {
      if (!readOnly) mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
      this.#database = new DatabaseSync(file, { readOnly, timeout: BUSY_TIMEOUT_MS });
      if (!readOnly) this.#database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
      const version = Number(this.#database.prepare('PRAGMA user_version').get()?.['user_version'] ?? 0);
      if (version > VERSION) throw new RangeError(`version ${version}`);
      if (!readOnly) this.#database.exec(`${SCHEMA} PRAGMA user_version = ${VERSION}`);
      this.#run('SELECT count(*) FROM dead_letters');
    } catch (cause) {
      throw new ExporterError(
        'delivery_damaged',
        `What is known of delivered alerts, ${file}, cannot be read`,
        {
          cause,
          hint: 'Stop the service and delete the file: alerts are delivered from then on. The ledger has the earlier ones.',
        },
      );
    }
  }

  /**
   * Takes up where the targets are. One that is new is told of what comes from now on, and one that is no longer named
   * is forgotten.
   *
   * @param log the log that is followed, `size` entries of it published
   * @returns true if the log is shorter than what was followed: it was restored from an older copy
   */
  begin(log: { origin: string; size: number }, targets: readonly string[]): boolean {
    const known = this.#get('SELECT origin, position FROM log');
    const isOther = known !== undefined && known['origin'] !== log.origin;
    const isCutBack = known !== undefined && !isOther && Number(known['position']) > log.size;
    inTransaction(this.#database, () => {
      if (isOther || isCutBack) {
        this.#database.exec('DELETE FROM alerts; DELETE FROM targets; DELETE FROM log');
        if (isOther) this.#database.exec('DELETE FROM dead_letters');
        else this.#run('DELETE FROM dead_letters WHERE ledger_index >= ?', log.size);
      }
      this.#run('INSERT OR IGNORE INTO log VALUES (0, ?, ?)', log.origin, log.size);
      const names = JSON.stringify(targets);
      for (const table of ['targets WHERE name', 'dead_letters WHERE target']) {
        this.#run(`DELETE FROM ${table} NOT IN (SELECT value FROM json_each(?))`, names);
      }
      // From where the log is looked at next, for what lies before may have been pruned.
      this.#run(
        'INSERT OR IGNORE INTO targets SELECT value, (SELECT position FROM log), NULL FROM json_each(?)',
        names,
      );
      if (targets.length === 0) this.#run('UPDATE log SET position = ?', log.size);
      this.#prune();
    });
    return isOther || isCutBack;
  }

  /** The first ledger index that was not looked at. */
  position(): number {
    return Number(this.#get('SELECT position FROM log')?.['position'] ?? 0);
  }

  /** Stores which of the entries before a position are alerts, and the position. */
  take(alerts: readonly WaitingAlert[], position: number): void {
    inTransaction(this.#database, () => {
      for (const { index, action, severity, rule } of alerts) {
        this.#run('INSERT OR REPLACE INTO alerts VALUES (?, ?, ?, ?)', index, action, severity, rule);
      }
      this.#run('UPDATE log SET position = ?', position);
    });
  }

  /** How many alerts wait for a target at all. */
  countWaiting(): number {
    return Number(this.#get('SELECT count(*) AS count FROM alerts')?.['count'] ?? 0);
  }

  /** How many wait for this target, those included that its filters will pass over. */
  countWaitingFor(target: string): number {
    const row = this.#get(
      'SELECT count(*) AS count FROM alerts WHERE ledger_index >= (SELECT position FROM targets WHERE name = ?)',
      target,
    );
    return Number(row?.['count'] ?? 0);
  }

  /** The oldest that wait for a target, a bounded number. */
  waitingFor(target: string): WaitingAlert[] {
    return this.#all(
      'SELECT * FROM alerts WHERE ledger_index >= (SELECT position FROM targets WHERE name = ?) ORDER BY ledger_index LIMIT ?',
      target,
      LOOK_AHEAD,
    ).flatMap(readWaiting);
  }

  /** A target is past everything before a ledger index; what no target waits for any more goes. */
  settle(target: string, position: number, letter?: { index: number; reason: string; atMs: number }): void {
    inTransaction(this.#database, () => {
      this.#run('UPDATE targets SET position = ?, failing_since_ms = NULL WHERE name = ?', position, target);
      if (letter !== undefined) this.#bury(target, letter);
      this.#prune();
    });
  }

  /** Since when the oldest waiting alert fails; the first time that is asked, since now. */
  failingSince(target: string, nowMs: number): number {
    this.#run(
      'UPDATE targets SET failing_since_ms = ? WHERE name = ? AND failing_since_ms IS NULL',
      nowMs,
      target,
    );
    const row = this.#get('SELECT failing_since_ms FROM targets WHERE name = ?', target);
    return Number(row?.['failing_since_ms'] ?? nowMs);
  }

  /** What was not taken, oldest first: by one target, or by any. */
  deadLetters(target?: string, limit: number = MAX_TARGET_DEAD_LETTERS): AlertDeadLetter[] {
    return this.#all(
      'SELECT * FROM dead_letters WHERE ? IS NULL OR target = ? ORDER BY target, ledger_index LIMIT ?',
      target ?? null,
      target ?? null,
      limit,
    ).map(readLetter);
  }

  /** How many there are of each target that has any. */
  countDeadLetters(): Map<string, number> {
    const rows = this.#all('SELECT target, count(*) AS count FROM dead_letters GROUP BY target');
    return new Map(rows.map((row) => [String(row['target']), Number(row['count'])]));
  }

  /** Another attempt is wanted for all dead letters of a target, or of every target. @returns how many that are */
  retry(target?: string): number {
    this.#run(
      'UPDATE dead_letters SET retry = 1 WHERE ? IS NULL OR target = ?',
      target ?? null,
      target ?? null,
    );
    return Number(
      this.#get(
        'SELECT count(*) AS count FROM dead_letters WHERE retry = 1 AND (? IS NULL OR target = ?)',
        target ?? null,
        target ?? null,
      )?.['count'] ?? 0,
    );
  }

  /** The ledger index of the oldest dead letter of a target that is wanted to be tried again. */
  nextRetry(target: string): number | undefined {
    const row = this.#get(
      'SELECT ledger_index FROM dead_letters WHERE target = ? AND retry = 1 ORDER BY ledger_index LIMIT 1',
      target,
    );
    return row === undefined ? undefined : Number(row['ledger_index']);
  }

  /** Such an attempt came to its end: with a reason it stays a dead letter. */
  settleRetry(target: string, index: number, refused?: { reason: string; atMs: number }): void {
    if (refused === undefined) {
      this.#run('DELETE FROM dead_letters WHERE target = ? AND ledger_index = ?', target, index);
    } else {
      this.#bury(target, { index, ...refused });
    }
  }

  close(): void {
    this.#statements.clear();
    this.#database.close();
  }

  #bury(target: string, { index, reason, atMs }: { index: number; reason: string; atMs: number }): void {
    this.#run('INSERT OR REPLACE INTO dead_letters VALUES (?, ?, ?, ?, 0)', target, index, reason, atMs);
  }

  #prune(): void {
    this.#run(
      'DELETE FROM alerts WHERE ledger_index < coalesce((SELECT min(position) FROM targets), (SELECT position FROM log))',
    );
  }

  #run(sql: string, ...values: (string | number | null)[]): void {
    this.#prepare(sql).run(...values);
  }

  #get(sql: string, ...values: (string | number | null)[]): Record<string, SQLOutputValue> | undefined {
    return this.#prepare(sql).get(...values);
  }

  #all(sql: string, ...values: (string | number | null)[]): Record<string, SQLOutputValue>[] {
    return this.#prepare(sql).all(...values);
  }

  #prepare(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#database.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }
}

function readWaiting(row: Record<string, SQLOutputValue>): WaitingAlert[] {
  const action = ALERT_ACTIONS.find((one) => one === row['action']);
  const severity = SEVERITIES.find((one) => one === row['severity']);
  if (action === undefined || severity === undefined) return [];
  return [{ index: Number(row['ledger_index']), action, severity, rule: String(row['rule']) }];
}

function readLetter(row: Record<string, SQLOutputValue>): AlertDeadLetter {
  return {
    target: String(row['target']),
    index: Number(row['ledger_index']),
    reason: String(row['reason']),
    atMs: Number(row['at_ms']),
    isRetried: row['retry'] === 1,
  };
}
