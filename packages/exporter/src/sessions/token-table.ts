import type { DatabaseSync, SQLOutputValue, StatementSync } from 'node:sqlite';

import { RowCache } from './row-cache.ts';
import type { TokenRow } from './token-row.ts';

export const TOKENS_SCHEMA = `
  CREATE TABLE tokens (
    token TEXT NOT NULL, issuer TEXT NOT NULL, first_index INTEGER NOT NULL, session TEXT, previous TEXT,
    issued_at TEXT NOT NULL, expires_at TEXT, revoked_at TEXT, last_use TEXT, facts TEXT NOT NULL,
    PRIMARY KEY (token, issuer)
  ) WITHOUT ROWID;
  CREATE UNIQUE INDEX tokens_by_index ON tokens (first_index, token);
  CREATE INDEX tokens_by_session ON tokens (session) WHERE session IS NOT NULL;
`;

const COLUMNS = [
  'token',
  'issuer',
  'first_index',
  'session',
  'previous',
  'issued_at',
  'expires_at',
  'revoked_at',
  'last_use',
  'facts',
] as const;

const WRITE = `INSERT INTO tokens (${COLUMNS.join(', ')}) VALUES (${COLUMNS.map(() => '?').join(', ')})
  ON CONFLICT (token, issuer) DO UPDATE SET ${COLUMNS.slice(3)
    .map((name) => `${name} = excluded.${name}`)
    .join(', ')}`;

/** What is asked of tokens. */
export interface TokenFilter {
  /** Only tokens that were first heard of before this ledger index. */
  before: number;
  limit: number;
  /** Only tokens of this session: `audit.session.id`. */
  session?: string;
  /** Only tokens that were alive then: issued, not expired, not revoked, and their session not ended. */
  aliveAt?: string;
}

/** The most tokens in memory between batches; the others are read again. */
const MAX_ROWS_AT_HAND = 10_000;

/** The table of tokens. */
export class TokenTable {
  readonly #database: DatabaseSync;
  readonly #select: StatementSync;
  readonly #write: StatementSync;
  readonly #atHand: RowCache<TokenRow> = new RowCache(MAX_ROWS_AT_HAND);

  constructor(database: DatabaseSync) {
    this.#database = database;
    this.#select = database.prepare('SELECT facts FROM tokens WHERE token = ? AND issuer = ?');
    this.#write = database.prepare(WRITE);
  }

  find(token: string, issuer: string): TokenRow | undefined {
    return toRow(this.#select.get(token, issuer));
  }

  /** For the one who writes: a token to be changed in place and then to be written, or to be forgotten. */
  atHand(token: string, issuer: string): TokenRow | undefined {
    return this.#atHand.get(nameOf(token, issuer)) ?? this.find(token, issuer);
  }

  /** What was changed in place is not stored. */
  forgetChanges(): void {
    this.#atHand.clear();
  }

  /** The newest one with an id: only together with its issuer it is unique. */
  newestOf(token: string): TokenRow | undefined {
    const sql = 'SELECT facts FROM tokens WHERE token = ? ORDER BY first_index DESC LIMIT 1';
    return toRow(this.#database.prepare(sql).get(token));
  }

  /** The token that a record was the first to name. */
  byFirstIndex(index: number): TokenRow | undefined {
    return toRow(this.#database.prepare('SELECT facts FROM tokens WHERE first_index = ?').get(index));
  }

  /** Tokens, those that were heard of last first. */
  list({ before, limit, session, aliveAt }: TokenFilter): TokenRow[] {
    const ofSession = session === undefined ? '' : 'AND tokens.session = :session';
    const alive =
      aliveAt === undefined
        ? ''
        : `AND issued_at <= :at AND (expires_at IS NULL OR expires_at > :at) AND (revoked_at IS NULL OR revoked_at > :at)
           AND (sessions.ended IS NULL OR sessions.ended > :at)`;
    const sql = `SELECT facts FROM tokens LEFT JOIN sessions ON sessions.reference = tokens.session
      WHERE tokens.first_index < :before ${ofSession} ${alive} ORDER BY tokens.first_index DESC LIMIT :limit`;
    const parameters = {
      before,
      limit,
      ...(session !== undefined && { session }),
      ...(aliveAt !== undefined && { at: aliveAt }),
    };
    return this.#database
      .prepare(sql)
      .all(parameters)
      .flatMap((row) => toRow(row) ?? []);
  }

  /** Tokens of a session that were used after a time. */
  usedAfter(session: string, time: string): TokenRow[] {
    const sql = 'SELECT facts FROM tokens WHERE session = ? AND last_use > ?';
    return this.#database
      .prepare(sql)
      .all(session, time)
      .flatMap((row) => toRow(row) ?? []);
  }

  /** Drops tokens that were first named before a ledger index, of sessions that are not there any more, or of none. */
  prune(minimumIndex: number): void {
    this.#database
      .prepare(
        `DELETE FROM tokens WHERE first_index < ?
         AND (session IS NULL OR session NOT IN (SELECT reference FROM sessions))`,
      )
      .run(minimumIndex);
  }

  /** Tokens of these sessions, and those that these records told of first: what names them is not there any more. */
  remove(sessions: readonly string[], firstIndexes: readonly number[]): void {
    this.#atHand.clear();
    this.#database
      .prepare('DELETE FROM tokens WHERE session IN (SELECT value FROM json_each(?))')
      .run(JSON.stringify(sessions));
    this.#database
      .prepare('DELETE FROM tokens WHERE first_index IN (SELECT value FROM json_each(?))')
      .run(JSON.stringify(firstIndexes));
  }

  write(row: TokenRow): void {
    this.#atHand.put(nameOf(row.token, row.issuer), row);
    this.#write.run(
      row.token,
      row.issuer,
      row.first.index,
      row.session ?? null,
      row.previous ?? null,
      row.issuedAt,
      row.expiresAt ?? null,
      endOf(row) ?? null,
      row.lastUse?.time ?? null,
      JSON.stringify(row),
    );
  }
}

function nameOf(token: string, issuer: string): string {
  return `${token} ${issuer}`;
}

/** When a token was taken back; a refresh token is also spent when another takes its place. */
function endOf({ revoked, type, replacements }: TokenRow): string | undefined {
  const spent = type === 'refresh' ? replacements[0]?.time : undefined;
  if (revoked === undefined || spent === undefined) return revoked?.time ?? spent;
  return revoked.time < spent ? revoked.time : spent;
}

/** What this follower wrote itself. */
function toRow(columns: Record<string, SQLOutputValue> | undefined): TokenRow | undefined {
  if (columns === undefined) return undefined;
  const row: TokenRow = JSON.parse(String(columns['facts']));
  return row;
}
