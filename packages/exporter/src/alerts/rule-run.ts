import { DatabaseSync } from 'node:sqlite';

import type { FollowedRecord } from '../followed-records.ts';
import { inTransaction } from '../transaction.ts';
import { alertId } from './alert-draft.ts';
import { AlertEngine } from './engine.ts';
import type { Hide } from './hidden-values.ts';
import type { KeyStates } from './key-state.ts';
import type { RaisedAlert } from './raised-alert.ts';
import { RecordClock } from './record-clock.ts';
import type { AlertRule } from './rule.ts';
import { KEY_STATES_SCHEMA, StoredKeyStates } from './stored-key-states.ts';

const MAX_KEYS = 100_000;

/** Rules that are run over records once, and what they keep meanwhile. */
export class RuleRun {
  // A database of SQLite's own: in memory as long as it is small, and gone afterwards.
  readonly #database: DatabaseSync = new DatabaseSync('');
  readonly #states: StoredKeyStates;
  readonly #engine: AlertEngine;

  /** @param begin - makes what the rules begin with of their states, which are empty, and the time by the records */
  constructor(
    rules: readonly AlertRule[],
    hide: Hide,
    begin: (states: KeyStates, nowMs: () => number) => KeyStates = (states) => states,
  ) {
    this.#database.exec(KEY_STATES_SCHEMA);
    const clock = new RecordClock();
    const nowMs = (): number => clock.nowMs;
    this.#states = new StoredKeyStates(this.#database, MAX_KEYS, nowMs);
    this.#engine = new AlertEngine(rules, { states: begin(this.#states, nowMs), clock, hide });
  }

  /** @returns the alerts that a record raises, by their ids */
  take(record: FollowedRecord): Map<string, RaisedAlert> {
    return byId(this.#engine.take(record));
  }

  /** @returns the alerts for what did not come about by then, milliseconds since the epoch */
  overdue(nowMs: number): Map<string, RaisedAlert> {
    return byId(this.#engine.overdue(nowMs));
  }

  /** Between batches: what is not in memory then is found again. */
  save(): void {
    inTransaction(this.#database, () => {
      this.#states.flush();
    });
    this.#states.evict();
  }

  close(): void {
    this.#database.close();
  }
}

function byId(alerts: readonly RaisedAlert[]): Map<string, RaisedAlert> {
  return new Map(alerts.map((alert) => [alertId(alert), alert]));
}
