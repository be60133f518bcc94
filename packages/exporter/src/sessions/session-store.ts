import { createBlindKey } from '../blind-key.ts';
import { followedRecords } from '../followed-records.ts';
import type { FollowedRecords } from '../followed-records.ts';
import type { FollowedLog } from '../follower-database.ts';
import { inTransaction, openFollowerDatabase, readPosition, writePosition } from '../follower-database.ts';
import type { Follower } from '../follower.ts';
import type { OpeningsReader } from '../openings.ts';
import { sessionFacts } from './session-facts.ts';
import { foldSession } from './session-row.ts';
import type { SessionRow } from './session-row.ts';
import { SESSIONS_SCHEMA, SESSIONS_TITLE, SESSIONS_VERSION, SessionTable } from './session-table.ts';

/** Where sessions lie and what hides their names. */
export interface SessionStoreOptions {
  /** Path of the database. */
  file: string;
  /** 32 bytes: the key under which a session is found by its `sid`. */
  key: Uint8Array;
  /** Where the opened groups of the records are. */
  openings: OpeningsReader;
  /** Reads records with these opened groups; given where followers share what they read. */
  records?: FollowedRecords;
  /** True to read what somebody else writes. */
  readOnly?: boolean;
  /** The log, for who writes: sessions of another one, or of a longer one, are gathered anew. */
  log?: FollowedLog;
}

/** The sessions of a log, gathered by following it. */
export interface SessionStore extends Follower {
  /** @param id - the reference (`audit.session.id`), or the OIDC `sid` */
  find(id: string): SessionRow | undefined;
  /**
   * Sessions, those that began last first.
   *
   * @param before - only those whose first record is before this ledger index
   */
  newest(limit: number, before?: number): SessionRow[];
}

/**
 * Opens the sessions of a data directory.
 *
 * @throws ExporterError `index_damaged` when they are opened read-only and cannot be read
 */
export function openSessions(options: SessionStoreOptions): SessionStore {
  const { file, key, openings, records = followedRecords(openings), readOnly = false, log } = options;
  const blindKey = createBlindKey(key);
  const hideSid = (sid: string): string => blindKey.token('oidc.session.id', sid);
  const database = openFollowerDatabase({
    file,
    title: SESSIONS_TITLE,
    version: SESSIONS_VERSION,
    schema: SESSIONS_SCHEMA,
    key: blindKey,
    readOnly,
    ...(log !== undefined && { log }),
  });
  const table = new SessionTable(database);
  return {
    name: 'sessions',
    position: () => readPosition(database),
    find: (id) => table.byReference(id) ?? table.bySidToken(hideSid(id)),
    newest: (limit, before = Number.MAX_SAFE_INTEGER) => table.newest(before, limit),
    close: () => database.close(),
    async process(batch) {
      const rows = new Map<string, SessionRow>();
      for (const { index, record, openings: opened } of await records.read(batch)) {
        const facts = sessionFacts(record, opened);
        if (facts === undefined) continue;
        const row = rows.get(facts.reference) ?? table.byReference(facts.reference);
        // Hidden once a session: the first token stays.
        const sid = row?.sidToken === undefined ? facts.sid : undefined;
        const sidToken = sid === undefined ? undefined : hideSid(sid);
        rows.set(facts.reference, foldSession(row, facts, index, sidToken));
      }
      inTransaction(database, () => {
        for (const row of rows.values()) table.write(row);
        writePosition(database, batch.first + batch.entries.length);
      });
    },
  };
}
