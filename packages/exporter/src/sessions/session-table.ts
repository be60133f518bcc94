import type { DatabaseSync, SQLOutputValue, StatementSync } from 'node:sqlite';

import type { Evidence, SessionRow } from './session-row.ts';
import { RowCache } from './row-cache.ts';
import type { SessionState } from './session-state.ts';
import type { SessionStep } from './session-step.ts';

export const SESSIONS_SCHEMA = `
  CREATE TABLE sessions (
    reference TEXT PRIMARY KEY, actor TEXT NOT NULL, sid_token TEXT, issuer TEXT NOT NULL, state TEXT NOT NULL,
    first_index INTEGER NOT NULL UNIQUE, last_index INTEGER NOT NULL,
    identity_index INTEGER NOT NULL, identity INTEGER NOT NULL,
    started TEXT NOT NULL, last_seen TEXT NOT NULL, ended TEXT, end_index INTEGER,
    records INTEGER NOT NULL, failures INTEGER NOT NULL, clients TEXT NOT NULL, services TEXT NOT NULL,
    steps TEXT NOT NULL, last_active TEXT, last_use TEXT, token_end TEXT
  ) WITHOUT ROWID;
  CREATE INDEX sessions_by_sid ON sessions (sid_token, first_index) WHERE sid_token IS NOT NULL;
  CREATE INDEX sessions_by_actor ON sessions (actor);
  CREATE TABLE actor_ends (
    actor TEXT NOT NULL, issuer TEXT NOT NULL, ledger_index INTEGER NOT NULL, step TEXT NOT NULL,
    PRIMARY KEY (actor, issuer, ledger_index)
  ) WITHOUT ROWID;
`;

const COLUMNS = [
  'reference',
  'actor',
  'sid_token',
  'issuer',
  'state',
  'first_index',
  'last_index',
  'identity_index',
  'identity',
  'started',
  'last_seen',
  'ended',
  'end_index',
  'records',
  'failures',
  'clients',
  'services',
  'steps',
  'last_active',
  'last_use',
  'token_end',
] as const;

// An update leaves alone the indexes of what does not change, which a replacement would write anew.
const WRITE = `INSERT INTO sessions (${COLUMNS.join(', ')}) VALUES (${COLUMNS.map(() => '?').join(', ')})
  ON CONFLICT (reference) DO UPDATE SET ${COLUMNS.slice(1)
    .map((name) => `${name} = excluded.${name}`)
    .join(', ')}`;

const UNLINK = 'UPDATE sessions SET sid_token = NULL, identity = 0, identity_index = first_index';

const STATES: ReadonlySet<string> = new Set<SessionState>([
  'active',
  'expired',
  'idle',
  'logged_out',
  'refreshed',
  'revoked',
  'started',
]);

/** The most ends of one person that are kept for sessions that are heard of later. */
export const MAX_ACTOR_ENDS = 16;

/** The most sessions in memory between batches; the others are read again. */
const MAX_ROWS_AT_HAND = 10_000;

/** The table of sessions. */
export class SessionTable {
  readonly #database: DatabaseSync;
  readonly #select: StatementSync;
  readonly #selectEnds: StatementSync;
  readonly #write: StatementSync;
  readonly #atHand: RowCache<SessionRow> = new RowCache(MAX_ROWS_AT_HAND);

  constructor(database: DatabaseSync) {
    this.#database = database;
    this.#select = database.prepare('SELECT * FROM sessions WHERE reference = ?');
    this.#selectEnds = database.prepare(
      'SELECT step FROM actor_ends WHERE actor = ? AND issuer = ? ORDER BY ledger_index',
    );
    this.#write = database.prepare(WRITE);
  }

  byReference(reference: string): SessionRow | undefined {
    return toRow(this.#select.get(reference));
  }

  /** For the one who writes: a session to be changed in place and then to be written, or to be forgotten. */
  atHand(reference: string): SessionRow | undefined {
    return this.#atHand.get(reference) ?? this.byReference(reference);
  }

  /** What was changed in place is not stored. */
  forgetChanges(): void {
    this.#atHand.clear();
  }

  /** The newest session with a `sid`, for providers may use one again. */
  bySidToken(token: string): SessionRow | undefined {
    const sql = 'SELECT * FROM sessions WHERE sid_token = ? ORDER BY first_index DESC LIMIT 1';
    return toRow(this.#database.prepare(sql).get(token));
  }

  /** @param before - only sessions that began before this ledger index */
  newest(before: number, limit: number): SessionRow[] {
    const sql = 'SELECT * FROM sessions WHERE first_index < ? ORDER BY first_index DESC LIMIT ?';
    return this.#rows(this.#database.prepare(sql).all(before, limit));
  }

  /** Sessions that records from a ledger index on changed, in the order of these. */
  changedSince(from: number, limit: number): { reference: string; index: number }[] {
    const sql = `SELECT reference, max(last_index, coalesce(end_index, 0)) AS changed FROM sessions
      WHERE changed >= ? ORDER BY changed LIMIT ?`;
    return this.#database
      .prepare(sql)
      .all(from, limit)
      .map((row) => ({ reference: String(row['reference']), index: Number(row['changed']) }));
  }

  /** References of the sessions whose person is told by one of these records. */
  identifiedBy(indexes: readonly number[]): string[] {
    const sql = 'SELECT reference FROM sessions WHERE identity_index IN (SELECT value FROM json_each(?))';
    return this.#database
      .prepare(sql)
      .all(JSON.stringify(indexes))
      .map((row) => String(row['reference']));
  }

  /** References of the sessions of a person at an issuer. */
  ofActor(actor: string, issuer: string): string[] {
    const sql = 'SELECT reference FROM sessions WHERE actor = ? AND issuer = ?';
    return this.#database
      .prepare(sql)
      .all(actor, issuer)
      .map((row) => String(row['reference']));
  }

  /** Ends of all sessions of a person at an issuer. */
  endsOf(actor: string, issuer: string): SessionStep[] {
    return this.#selectEnds.all(actor, issuer).map((row) => toStep(row['step']));
  }

  /** Keeps an end of all sessions of a person at an issuer; of many, the newest. */
  writeEnd(actor: string, issuer: string, step: SessionStep): void {
    this.#database
      .prepare('INSERT OR IGNORE INTO actor_ends (actor, issuer, ledger_index, step) VALUES (?, ?, ?, ?)')
      .run(actor, issuer, step.index, JSON.stringify(step));
    this.#database
      .prepare(
        `DELETE FROM actor_ends WHERE actor = ? AND issuer = ? AND ledger_index <= (SELECT ledger_index FROM actor_ends
         WHERE actor = ? AND issuer = ? ORDER BY ledger_index DESC LIMIT 1 OFFSET ${MAX_ACTOR_ENDS})`,
      )
      .run(actor, issuer, actor, issuer);
  }

  /** Drops sessions whose last record is before a ledger index. */
  prune(minimumIndex: number): void {
    this.#database.prepare('DELETE FROM sessions WHERE last_index < ?').run(minimumIndex);
    this.#database.prepare('DELETE FROM actor_ends WHERE ledger_index < ?').run(minimumIndex);
  }

  /** The sessions of an actor, and these, are not found by the provider's names for them any more. */
  unlink(actor: string, references: readonly string[]): void {
    this.#atHand.clear();
    this.#database.prepare(`${UNLINK} WHERE actor = ?`).run(actor);
    this.#database
      .prepare(`${UNLINK} WHERE reference IN (SELECT value FROM json_each(?))`)
      .run(JSON.stringify(references));
  }

  write(row: SessionRow): void {
    this.#atHand.put(row.reference, row);
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
      row.endIndex ?? null,
      row.records,
      row.failures,
      JSON.stringify(row.clients),
      JSON.stringify(row.services),
      JSON.stringify(row.steps),
      row.lastActive === undefined ? null : JSON.stringify(row.lastActive),
      row.lastUse === undefined ? null : JSON.stringify(row.lastUse),
      row.tokenEnd ?? null,
    );
  }

  #rows(found: Record<string, SQLOutputValue>[]): SessionRow[] {
    return found.flatMap((columns) => toRow(columns) ?? []);
  }
}

function toRow(columns: Record<string, SQLOutputValue> | undefined): SessionRow | undefined {
  if (columns === undefined) return undefined;
  const state = String(columns['state']);
  const identity = columns['identity'];
  const row: SessionRow = {
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
    steps: toSteps(columns['steps']),
  };
  if (typeof columns['sid_token'] === 'string') row.sidToken = columns['sid_token'];
  if (typeof columns['ended'] === 'string') row.ended = columns['ended'];
  if (typeof columns['end_index'] === 'number') row.endIndex = columns['end_index'];
  if (typeof columns['last_active'] === 'string') row.lastActive = toEvidence(columns['last_active']);
  if (typeof columns['last_use'] === 'string') row.lastUse = toEvidence(columns['last_use']);
  if (typeof columns['token_end'] === 'string') row.tokenEnd = columns['token_end'];
  return row;
}

function isState(text: string): text is SessionState {
  return STATES.has(text);
}

// What this follower wrote itself, it reads without looking twice.

function toNames(text: SQLOutputValue | undefined): string[] {
  const names: string[] = JSON.parse(String(text));
  return names;
}

function toSteps(text: SQLOutputValue | undefined): SessionStep[] {
  const steps: SessionStep[] = JSON.parse(String(text));
  return steps;
}

function toStep(text: SQLOutputValue | undefined): SessionStep {
  const step: SessionStep = JSON.parse(String(text));
  return step;
}

function toEvidence(text: string): Evidence {
  const evidence: Evidence = JSON.parse(text);
  return evidence;
}
