import { parseRecord } from '@spanledger/record';

import { createBlindKey } from '../blind-key.ts';
import { inTransaction, openFollowerDatabase, readPosition, writePosition } from '../follower-database.ts';
import type { Follower } from '../follower.ts';
import type { OpeningsReader } from '../openings.ts';
import { sessionFacts } from './session-facts.ts';
import { foldSession } from './session-row.ts';
import type { SessionRow } from './session-row.ts';
import { SESSIONS_SCHEMA, SESSIONS_VERSION, SessionTable } from './session-table.ts';

/** Where sessions lie and what hides their names. */
export interface SessionStoreOptions {
  /** Path of the database. */
  file: string;
  /** 32 bytes: the key under which a session is found by its `sid`. */
  key: Uint8Array;
  /** Where the opened groups of the records are. */
  openings: OpeningsReader;
  /** True to read what somebody else writes. */
  readOnly?: boolean;
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
export function openSessions({ file, key, openings, readOnly = false }: SessionStoreOptions): SessionStore {
  const blindKey = createBlindKey(key);
  const hideSid = (sid: string): string => blindKey.token('oidc.session.id', sid);
  const database = openFollowerDatabase({
    file,
    title: 'list of sessions',
    version: SESSIONS_VERSION,
    schema: SESSIONS_SCHEMA,
    key: blindKey,
    readOnly,
  });
  const table = new SessionTable(database);
  return {
    name: 'sessions',
    position: () => readPosition(database),
    find: (id) => table.byReference(id) ?? table.bySidToken(hideSid(id)),
    newest: (limit, before = Number.MAX_SAFE_INTEGER) => table.newest(before, limit),
    close: () => database.close(),
    async process({ first, entries }) {
      const opened = await openings.read(first, first + entries.length);
      const rows = new Map<string, SessionRow>();
      for (const [offset, bytes] of entries.entries()) {
        const index = first + offset;
        const facts = sessionFacts(parseRecord(bytes), opened.get(index) ?? {});
        if (facts === undefined) continue;
        const row = rows.get(facts.reference) ?? table.byReference(facts.reference);
        const sidToken = facts.sid === undefined ? undefined : hideSid(facts.sid);
        rows.set(facts.reference, foldSession(row, facts, index, sidToken));
      }
      inTransaction(database, () => {
        for (const row of rows.values()) table.write(row);
        writePosition(database, first + entries.length);
      });
    },
  };
}
