import type { DatabaseSync } from 'node:sqlite';

import type { BlindKey } from '../blind-key.ts';
import { type FollowedLog, openFollowerDatabase } from '../follower-database.ts';
import { OUTBOX_SCHEMA } from '../outbox/index.ts';
import { ALERTS_SCHEMA } from './alert-table.ts';
import { CAUSES_SCHEMA } from './resolver.ts';
import { KEY_STATES_SCHEMA } from './stored-key-states.ts';

/** What the database is called in messages. */
const TITLE = 'list of alerts';

/** Raised whenever what is stored changes its meaning. */
const VERSION = 4;

const SCHEMA = `
  ${OUTBOX_SCHEMA} ${ALERTS_SCHEMA} ${KEY_STATES_SCHEMA} ${CAUSES_SCHEMA}
  CREATE TABLE alert_rules (id TEXT PRIMARY KEY, digest TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE alert_notes (name TEXT PRIMARY KEY, note TEXT NOT NULL) WITHOUT ROWID;
`;

/**
 * Opens the database of alerts.
 *
 * @param log - the log, for who writes; absent for who reads
 * @throws ExporterError `index_damaged` when it is to be read and cannot be
 */
export function openAlertDatabase(file: string, key: BlindKey, log?: FollowedLog): DatabaseSync {
  return openFollowerDatabase({
    file,
    title: TITLE,
    version: VERSION,
    schema: SCHEMA,
    key,
    readOnly: log === undefined,
    ...(log !== undefined && { log }),
  });
}

/** Reads what was noted under a name. */
export function readNote(database: DatabaseSync, name: string): string | undefined {
  const note = database.prepare('SELECT note FROM alert_notes WHERE name = ?').get(name)?.['note'];
  return typeof note === 'string' ? note : undefined;
}

/** Notes something under a name, within a transaction of its caller. */
export function writeNote(database: DatabaseSync, name: string, note: string): void {
  database.prepare('INSERT OR REPLACE INTO alert_notes (name, note) VALUES (?, ?)').run(name, note);
}
