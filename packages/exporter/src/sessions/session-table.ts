import type { DatabaseSync, SQLOutputValue, StatementSync } from 'node:sqlite';

import type { SessionRow } from './session-row.ts';
import type { SessionState } from './session-state.ts';

/** What the table is called in messages. */
export const SESSIONS_TITLE = 'list of sessions';

/** Raised whenever a column changes its meaning. */
export const SESSIONS_VERSION = 1;

export const SESSIONS_SCHEMA = `
  CREATE TABLE sessions (
    reference TEXT PRIMARY KEY, actor TEXT NOT NULL, sid_token TEXT, issuer TEXT NOT NULL, state TEXT NOT NULL,
    first_index INTEGER NOT NULL UNIQUE, last_index INTEGER NOT NULL,
    identity_index INTEGER NOT NULL, identity INTEGER NOT NULL,
    started TEXT NOT NULL, last_seen TEXT NOT NULL, ended TEXT,
    records INTEGER NOT NULL, failures INTEGER NOT NULL, clients TEXT NOT NULL, services TEXT NOT NULL
  ) WITHOUT ROWID;
  CREATE INDEX sessions_by_sid ON sessions (sid_token, first_index) WHERE sid_token IS NOT NULL;
`;

const WRITE = `INSERT OR REPLACE INTO sessions (
    reference, actor, sid_token, issuer, state, first_index, last_index, identity_index, identity,
    started, last_seen, ended, records, failures, clients, services
  ) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;

const STATES: ReadonlySet<string> = new Set<SessionState>([
  'active',
  'expired',
  'idle',
  'logged_out',
  'refreshed',
  'revoked',
  'started',
]);

/** The table of sessions. */
export class SessionTable {
  readonly #database: DatabaseSync;
  readonly #select: StatementSync;
  readonly #write: StatementSync;

  constructor(database: DatabaseSync) {
    this.#database = database;
    this.#select = database.prepare('SELECT * FROM sessions WHERE reference = ?');
    this.#write = database.prepare(WRITE);
  }

  byReference(reference: string): SessionRow | undefined {
    return toRow(this.#select.get(reference));
  }

  /** The newest session with a `sid`, for providers may use one again. */
  bySidToken(token: string): SessionRow | undefined {
    const sql = 'SELECT * FROM sessions WHERE sid_token = ? ORDER BY first_index DESC LIMIT 1';
    return toRow(this.#database.prepare(sql).get(token));
  }

  /** @param before - only sessions that began before this ledger index */
  newest(before: number, limit: number): SessionRow[] {
    const sql = 'SELECT * FROM sessions WHERE first_index < ? ORDER BY first_index DESC LIMIT ?';
    return this.#database
      .prepare(sql)
      .all(before, limit)
      .flatMap((row) => toRow(row) ?? []);
  }

  write(row: SessionRow): void {
    this.#write.run(
      row.reference,
      row.actor,
      row.sidToken ?? null,
      row.issuer,
      row.state,
      row.firstIndex,
      row.lastIndex,
      row.identityIndex,
      row.identity,
      row.started,
      row.lastSeen,
      row.ended ?? null,
      row.records,
      row.failures,
      JSON.stringify(row.clients),
      JSON.stringify(row.services),
    );
  }
}

function toRow(columns: Record<string, SQLOutputValue> | undefined): SessionRow | undefined {
  if (columns === undefined) return undefined;
  const state = String(columns['state']);
  const identity = columns['identity'];
  return {
    reference: String(columns['reference']),
    actor: String(columns['actor']),
    issuer: String(columns['issuer']),
    state: isState(state) ? state : 'active',
    firstIndex: Number(columns['first_index']),
    lastIndex: Number(columns['last_index']),
    identityIndex: Number(columns['identity_index']),
    identity: identity === 1 || identity === 2 ? identity : 0,
    started: String(columns['started']),
    lastSeen: String(columns['last_seen']),
    records: Number(columns['records']),
    failures: Number(columns['failures']),
    clients: toNames(columns['clients']),
    services: toNames(columns['services']),
    ...(typeof columns['sid_token'] === 'string' && { sidToken: columns['sid_token'] }),
    ...(typeof columns['ended'] === 'string' && { ended: columns['ended'] }),
  };
}

function isState(text: string): text is SessionState {
  return STATES.has(text);
}

function toNames(text: SQLOutputValue | undefined): string[] {
  const names: unknown = JSON.parse(String(text));
  return Array.isArray(names) ? names.filter((name) => typeof name === 'string') : [];
}
