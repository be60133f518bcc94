import type { JsonObject } from '@spanledger/record';

import { searchRecords } from './archive-search.ts';
import type { SessionDetail, SessionSummary } from './archive-types.ts';
import type { DocumentReader } from './documents.ts';
import { textAt, userAt } from './document-values.ts';
import type { Query } from './search/query/index.ts';
import type { SearchIndex } from './search/index.ts';
import type { SessionRow, SessionStore } from './sessions/index.ts';

/** Where sessions are read from. */
export interface SessionRooms {
  sessions: SessionStore;
  search: SearchIndex;
  documents: DocumentReader;
}

/** Sessions that match, and where the search stopped. */
export interface FoundSessions {
  sessions: SessionSummary[];
  /** First ledger index of the last session that was looked at, when there may be more beyond it. */
  stoppedAt?: number;
}

/** How many sessions one request looks at before it answers with what it has. */
const MAX_SEARCHED_SESSIONS = 500;

/**
 * Lists sessions, those that began last first.
 *
 * @param before - only sessions whose first record is before this ledger index
 * @param query - only sessions with a record that matches
 */
export async function listSessions(
  rooms: SessionRooms,
  limit: number,
  before: number | undefined,
  query: Query | undefined,
): Promise<FoundSessions> {
  const rows = rooms.sessions.newest((query === undefined ? limit : MAX_SEARCHED_SESSIONS) + 1, before);
  const most = query === undefined ? limit : MAX_SEARCHED_SESSIONS;
  const matching: SessionRow[] = [];
  let stoppedAt: number | undefined;
  for (const [i, row] of rows.entries()) {
    if (matching.length === limit || i === most) {
      stoppedAt = rows[i - 1]?.firstIndex;
      break;
    }
    if (query === undefined || (await hasRecord(rooms, row, query))) matching.push(row);
  }
  const sessions = await summarizeSessions(rooms.documents, matching);
  return { sessions, ...(stoppedAt !== undefined && { stoppedAt }) };
}

/**
 * One session with its timeline.
 *
 * @param after - ledger index of the last record of the page before
 * @returns the detail without its cursor, and where the timeline stopped
 */
export async function readSession(
  rooms: SessionRooms,
  row: SessionRow,
  limit: number,
  after: number | undefined,
): Promise<{ detail: SessionDetail; stoppedAt?: number }> {
  const [summary] = await summarizeSessions(rooms.documents, [row]);
  const { records, stoppedAt } = await searchRecords(rooms.search, rooms.documents, {
    query: recordsOf(row),
    order: 'asc',
    limit,
    ...(after !== undefined && { after }),
  });
  const timeline = records.toSorted((a, b) => compareText(timeOf(a), timeOf(b)));
  const detail = { ...(summary ?? summaryOf(row, undefined)), steps: row.steps, timeline };
  return { detail, ...(stoppedAt !== undefined && { stoppedAt }) };
}

async function hasRecord(
  { search, documents }: SessionRooms,
  row: SessionRow,
  query: Query,
): Promise<boolean> {
  const both: Query = { type: 'and', operands: [recordsOf(row), query] };
  let after: number | undefined;
  do {
    const place = after !== undefined && { after };
    const { records, stoppedAt } = await searchRecords(search, documents, {
      query: both,
      order: 'asc',
      limit: 1,
      ...place,
    });
    if (records.length > 0) return true;
    after = stoppedAt;
  } while (after !== undefined);
  return false;
}

function recordsOf({ reference }: SessionRow): Query {
  return { type: 'equals', field: 'audit.session.id', value: reference };
}

/** Opens, of each session, the record that tells most about its person. */
export async function summarizeSessions(
  documents: DocumentReader,
  rows: readonly SessionRow[],
): Promise<SessionSummary[]> {
  const opened = await documents.read(rows.map((row) => row.identityIndex));
  return rows.map((row) => summaryOf(row, opened.get(row.identityIndex)));
}

function summaryOf(row: SessionRow, document: JsonObject | undefined): SessionSummary {
  const sid = textAt(document, 'oidc.session.id') ?? textAt(document, 'session.id');
  const userId = userAt(document);
  const userName = textAt(document, 'user.name');
  return {
    id: row.reference,
    ...(sid !== undefined && { session_id: sid }),
    ...(userId !== undefined && { user_id: userId }),
    ...(userName !== undefined && { user_name: userName }),
    client_id: [...row.clients],
    issuer: row.issuer,
    state: row.state,
    started: row.started,
    ...(row.ended !== undefined && { ended: row.ended }),
    last_seen: row.lastSeen,
    records: row.records,
    failures: row.failures,
    services: [...row.services],
  };
}

function timeOf(document: JsonObject): string {
  return textAt(document, '@timestamp') ?? '';
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
