import { createBlindKey } from '../blind-key.ts';
import { followedRecords } from '../followed-records.ts';
import type { FollowedRecords } from '../followed-records.ts';
import type { FollowedLog } from '../follower-database.ts';
import { openFollowerDatabase, readPosition, settleDatabase, writePosition } from '../follower-database.ts';
import { inTransaction } from '../transaction.ts';
import type { FollowedBatch, Follower } from '../follower.ts';
import type { OpeningsReader } from '../openings.ts';
import { Outbox } from '../outbox/index.ts';
import type { RowSealer } from '../outbox/index.ts';
import { databaseOptions } from './session-database.ts';
import { SessionDeadlines } from './session-deadlines.ts';
import { LogClock } from './session-clock.ts';
import { SESSION_RECORDS } from './session-findings.ts';
import { SessionFold } from './session-fold.ts';
import type { SessionsConfig } from './session-limits.ts';
import type { SessionRow } from './session-row.ts';
import { isEnded } from './session-state.ts';
import { SessionTable } from './session-table.ts';
import { findDeadlines } from './session-timeouts.ts';
import type { TokenFilter } from './token-table.ts';
import { TokenDeadlines } from './token-deadlines.ts';
import { findExpiries } from './token-expiry.ts';
import { TokenTable } from './token-table.ts';
import type { TokenRow } from './token-row.ts';
import { msOf } from './moment.ts';

/** Where sessions lie and what hides their names. */
export interface SessionStoreOptions {
  /** Path of the database. */
  file: string;
  /** 32 bytes: the key under which a session is found by its `sid`, and a token by its id. */
  key: Uint8Array;
  /** Where the opened groups of the records are. */
  openings: OpeningsReader;
  /** Reads records with these opened groups; given where followers share what they read. */
  records?: FollowedRecords;
  /** True to read what somebody else writes. */
  readOnly?: boolean;
  /** The log, for who writes: sessions of another one, or of a longer one, are gathered anew. */
  log?: FollowedLog;
  /** Given where records are derived of what the sessions show. */
  deriving?: { config: SessionsConfig; sealer: RowSealer };
  /** Told which sessions have changed, by `audit.session.id`, once they are stored. */
  onChange?: (references: string[]) => void;
}

/** The sessions and tokens of a log, gathered by following it. */
export interface SessionStore extends Follower {
  /** @param id - the reference (`audit.session.id`), or the OIDC `sid` */
  find(id: string): SessionRow | undefined;
  /**
   * Sessions, those that began last first.
   *
   * @param before - only those whose first record is before this ledger index
   */
  newest(limit: number, before?: number): SessionRow[];
  /** @param id - `oidc.token.id` */
  findToken(id: string): TokenRow | undefined;
  /** @param token - keyed hash of the id, as other tokens name it */
  readToken(token: string, issuer: string): TokenRow | undefined;
  /** Sessions that records from a ledger index on changed, in the order of these. */
  changedSince(from: number, limit: number): { reference: string; index: number }[];
  /** References of the sessions whose person is told by one of these records, by ledger index. */
  identifiedBy(indexes: readonly number[]): string[];
  /** Tokens, those that were heard of last first. */
  tokens(filter: TokenFilter): TokenRow[];
}

/**
 * Opens the sessions of a data directory.
 *
 * @throws ExporterError `index_damaged` when they are opened read-only and cannot be read
 */
export function openSessions(options: SessionStoreOptions): SessionStore {
  const { file, openings, records = followedRecords(openings), readOnly = false, log, deriving } = options;
  const key = createBlindKey(options.key);
  const database = openFollowerDatabase({
    ...databaseOptions(file, key),
    readOnly,
    ...(log !== undefined && { log }),
  });
  const sessions = new SessionTable(database);
  const tokens = new TokenTable(database);
  const deadlines = new SessionDeadlines(database);
  const expiries = deriving && new TokenDeadlines(database, log?.size ?? 0);
  const clock = new LogClock(deadlines.latest(), Date.now());
  const outbox = deriving && new Outbox(database, SESSION_RECORDS, deriving.sealer);
  /** Takes a batch in: all of it, or nothing. */
  async function takeIn(batch: FollowedBatch): Promise<void> {
    const followed = await records.read(batch);
    const fold = new SessionFold({
      sessions,
      tokens,
      key,
      config: deriving?.config,
      pastSize: expiries?.pastSize ?? 0,
    });
    for (const record of followed) fold.take(record);
    const changed = fold.finish();
    const timed = new Set(
      followed.flatMap(({ record }) =>
        record.event.kind === 'state' ? (record.audit.session?.id ?? []) : [],
      ),
    );
    inTransaction(database, () => {
      for (const row of changed.sessions) {
        sessions.write(row);
        if (isEnded(row.state)) continue;
        if (timed.has(row.reference)) deadlines.renew(row.reference, msOf(row.lastSeen));
        else if (changed.living.has(row.reference)) deadlines.add(row.reference, msOf(row.lastSeen));
      }
      for (const row of changed.tokens) {
        expiries?.watch(row);
        tokens.write(row);
      }
      fold.writeActorEnds();
      if (outbox !== undefined) {
        for (const finding of changed.findings) outbox.put(finding);
        for (const { record } of followed) outbox.seen(record.audit.record.id);
      }
      if (fold.latest !== '') deadlines.reach(fold.latest);
      const reached = batch.first + batch.entries.length;
      expiries?.reach(batch.first, reached, deadlines.latest());
      writePosition(database, reached);
    });
    options.onChange?.(changed.sessions.map(({ reference }) => reference));
    if (fold.latest !== '') clock.reach(fold.latest, Date.now());
  }

  return {
    name: 'sessions',
    isUrgent: true,
    ...(outbox !== undefined && { outbox }),
    position: () => readPosition(database),
    find: (id) => sessions.byReference(id) ?? sessions.bySidToken(key.token('oidc.session.id', id)),
    newest: (limit, before = Number.MAX_SAFE_INTEGER) => sessions.newest(before, limit),
    findToken: (id) => tokens.newestOf(key.token('oidc.token.id', id)),
    readToken: (token, issuer) => tokens.find(token, issuer),
    tokens: (filter) => tokens.list(filter),
    identifiedBy: (indexes) => sessions.identifiedBy(indexes),
    changedSince: (from, limit) => sessions.changedSince(from, limit),
    close: () => database.close(),
    erase(erased) {
      inTransaction(database, () => {
        sessions.unlink(erased.actor, erased.sessions);
        tokens.remove(
          erased.sessions,
          erased.records.map(({ index }) => index),
        );
      });
    },
    prune(minimumIndex) {
      inTransaction(database, () => {
        sessions.prune(minimumIndex);
        tokens.prune(minimumIndex);
      });
    },
    settleErasure: () => {
      settleDatabase(database);
    },
    async process(batch) {
      try {
        await takeIn(batch);
      } catch (error) {
        sessions.forgetChanges();
        tokens.forgetChanges();
        throw error;
      }
    },
    async tick(nowMs) {
      const atMs = clock.at(nowMs);
      if (deriving === undefined || outbox === undefined || expiries === undefined || atMs === undefined)
        return;
      const { config } = deriving;
      const found = await findDeadlines({ sessions, deadlines, openings, config }, atMs);
      const ended = await findExpiries({ sessions, tokens, expiries, openings, config }, atMs);
      if (found.length + ended.length === 0) return;
      inTransaction(database, () => {
        for (const { reference, nextMs, draft } of found) {
          if (draft !== undefined) outbox.put(draft);
          if (nextMs === undefined) deadlines.remove(reference);
          else deadlines.set(reference, nextMs);
        }
        for (const { firstIndex, draft } of ended) {
          if (draft !== undefined) outbox.put(draft);
          expiries.remove(firstIndex);
        }
      });
    },
  };
}
