import { LedgerReader } from '@spanledger/ledger';
import type { TileSource } from '@spanledger/ledger/verify';
import type { JsonObject, RecordDraft } from '@spanledger/record';

import { type AlertDetail, MAX_ALERTS_LIMIT } from './alert-types.ts';
import type { AlertList } from './alerts/index.ts';
import { readEvidence } from './alert-evidence.ts';
import { changeDraft, summarizeAlerts } from './archive-alerts.ts';
import { searchRecords } from './archive-search.ts';
import { countRecords, histogramRecords } from './archive-tally.ts';
import { listSessions, readSession } from './archive-sessions.ts';
import type { SessionRooms } from './archive-sessions.ts';
import { attemptOf, attemptsQuery } from './archive-attempts.ts';
import { readToken, summarizeTokens } from './archive-tokens.ts';
import { DEFAULT_PAGE_LIMIT, MAX_SEARCH_LIMIT, MAX_SESSIONS_LIMIT } from './archive-types.ts';
import type { Archive } from './archive-types.ts';
import { decodeCursor, encodeCursor } from './cursor.ts';
import { DocumentReader } from './documents.ts';
import type { OnForeign } from './documents.ts';
import { ExporterError } from './errors.ts';
import type { OpeningsReader } from './openings.ts';
import { parseQuery } from './search/query/index.ts';
import { valuesAt } from './search/query/leaves.ts';
import type { CompletenessReader } from './completeness/index.ts';
import type { SearchIndex } from './search/index.ts';
import { toMoment } from './sessions/index.ts';
import type { SessionStore } from './sessions/index.ts';
import { timestampOf } from './timestamp.ts';

/** What an archive answers from. */
export interface ArchiveRooms {
  /** The log's files. */
  source: TileSource;
  /** The log's newest verification key line. */
  vkey: () => string;
  openings: OpeningsReader;
  search: SearchIndex;
  sessions: SessionStore;
  completeness: Pick<CompletenessReader, 'ofSession'>;
  /** Undefined where records are held against no rules. */
  alerts?: AlertList;
  /** Appends a record; undefined where nothing is written. */
  append?: (draft: RecordDraft) => Promise<void>;
  /** Sizes of the log and how far its followers are. */
  status: () => Promise<JsonObject>;
  /** Milliseconds since the epoch; the clock unless a test brings another. */
  now?: () => number;
  /** Told of opened groups that were left out because their record does not commit to them. */
  onForeign?: OnForeign;
  /** Releases what belongs to the archive alone; nothing by default. */
  close?: () => Promise<void>;
}

const RFC3339_UTC = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z$/;

const LEDGER_INDEX = /^(?:0|[1-9]\d{0,15})$/;

/** Joins log, openings, index and sessions into an archive that can be asked. */
export function createArchive(rooms: ArchiveRooms): Archive {
  const log = new LedgerReader(rooms.source);
  const documents = new DocumentReader(log, rooms.openings, rooms.onForeign);
  const { search, sessions, now = Date.now } = rooms;
  const sessionRooms: SessionRooms = { sessions, search, documents };

  async function findRecord(id: string): Promise<JsonObject | undefined> {
    if (LEDGER_INDEX.test(id)) return await documents.readOne(Number(id));
    const query = { type: 'equals', field: 'audit.record.id', value: id } as const;
    const { records } = await searchRecords(search, documents, { query, order: 'asc', limit: 1 });
    return records[0];
  }

  async function publishedIndex(index: number): Promise<number | undefined> {
    return index < (await log.checkpoint()).size ? index : undefined;
  }

  async function findAlert(id: string): Promise<AlertDetail | undefined> {
    const row = rooms.alerts?.find(id);
    if (row === undefined) return undefined;
    const [summary] = await summarizeAlerts(documents, [row]);
    const record = await documents.readOne(row.raisedIndex);
    if (summary === undefined || record === undefined) return undefined;
    const found = await searchRecords(search, documents, {
      query: { type: 'equals', field: 'audit.alert.id', value: id },
      order: 'asc',
      limit: MAX_SEARCH_LIMIT,
    });
    const changes = found.records.filter((one) => ledgerIndex(one) !== row.raisedIndex);
    const evidence = await readEvidence(
      { log, documents, find: findRecord, indexed: search.position() },
      record,
    );
    return { ...summary, record, changes, evidence };
  }

  return {
    tiles: rooms.source,
    async search({ query, limit, cursor, order = 'desc' }) {
      const question = `records ${order} ${query}`;
      const found = await searchRecords(search, documents, {
        query: parseQuery(query),
        order,
        limit: checkLimit(limit, DEFAULT_PAGE_LIMIT, MAX_SEARCH_LIMIT),
        ...(cursor !== undefined && { after: decodeCursor(cursor, question) }),
      });
      const { records, stoppedAt, answeredBy } = found;
      const by = answeredBy !== undefined && { answered_by: answeredBy };
      return { records, ...nextPage(question, stoppedAt), ...by };
    },
    async count({ query }) {
      return await countRecords(search, documents, parseQuery(query));
    },
    async histogram({ query, interval }) {
      return await histogramRecords(search, documents, parseQuery(query), interval);
    },
    record: findRecord,
    async proof(id) {
      // Of an entry that was pruned as well: its hash is in the tree.
      const index = LEDGER_INDEX.test(id)
        ? await publishedIndex(Number(id))
        : ledgerIndex(await findRecord(id));
      return index === undefined ? undefined : await log.tlogProof(index);
    },
    async sessions({ limit, cursor, query }) {
      const question = `sessions ${query ?? ''}`;
      const most = checkLimit(limit, DEFAULT_PAGE_LIMIT, MAX_SESSIONS_LIMIT);
      const before = cursor === undefined ? undefined : decodeCursor(cursor, question);
      const parsed = query === undefined ? undefined : parseQuery(query);
      const found = await listSessions(sessionRooms, most, before, parsed);
      return { sessions: found.sessions, ...nextPage(question, found.stoppedAt) };
    },
    async session(id, { limit, cursor } = {}) {
      const most = checkLimit(limit, MAX_SEARCH_LIMIT, MAX_SEARCH_LIMIT);
      const row = sessions.find(id);
      if (row === undefined) return undefined;
      const question = `timeline ${row.reference}`;
      const after = cursor === undefined ? undefined : decodeCursor(cursor, question);
      const { detail, stoppedAt } = await readSession(sessionRooms, row, most, after);
      return { ...detail, ...nextPage(question, stoppedAt) };
    },
    async completeness(id) {
      const row = sessions.find(id);
      return row && { session: row.reference, ...rooms.completeness.ofSession(row.reference) };
    },
    async token(id, { limit, cursor } = {}) {
      const most = checkLimit(limit, MAX_SEARCH_LIMIT, MAX_SEARCH_LIMIT);
      const row = sessions.findToken(id);
      if (row === undefined) return undefined;
      const question = `token ${row.token} ${row.issuer}`;
      const after = cursor === undefined ? undefined : decodeCursor(cursor, question);
      const { detail, stoppedAt } = await readToken(sessionRooms, row, most, after, now());
      return { ...detail, ...nextPage(question, stoppedAt) };
    },
    async tokens({ limit, cursor, session, alive_at: aliveAt }) {
      const question = `tokens ${session ?? ''} ${aliveAt ?? ''}`;
      const most = checkLimit(limit, DEFAULT_PAGE_LIMIT, MAX_SESSIONS_LIMIT);
      const at = aliveAt === undefined ? undefined : checkTime(aliveAt);
      const before = cursor === undefined ? Number.MAX_SAFE_INTEGER : decodeCursor(cursor, question);
      const rows = sessions.tokens({
        before,
        limit: most + 1,
        ...(session !== undefined && { session: sessions.find(session)?.reference ?? session }),
        ...(at !== undefined && { aliveAt: at }),
      });
      const atMs = at === undefined ? now() : Date.parse(at);
      const tokens = await summarizeTokens(sessionRooms, rows.slice(0, most), atMs);
      return { tokens, ...nextPage(question, rows.length > most ? rows[most - 1]?.first.index : undefined) };
    },
    async attempts({ query, limit, cursor, outcome }) {
      const question = `attempts ${outcome ?? ''} ${query ?? ''}`;
      const found = await searchRecords(search, documents, {
        query: attemptsQuery(parseQuery(query ?? ''), outcome),
        order: 'desc',
        limit: checkLimit(limit, DEFAULT_PAGE_LIMIT, MAX_SEARCH_LIMIT),
        ...(cursor !== undefined && { after: decodeCursor(cursor, question) }),
      });
      const attempts = found.records.map((record) => attemptOf(record, ledgerIndex(record) ?? 0));
      return { attempts, ...nextPage(question, found.stoppedAt) };
    },
    async alerts({ limit, cursor, status, severity, rule }) {
      const question = `alerts ${status ?? ''} ${severity ?? ''} ${rule ?? ''}`;
      const most = checkLimit(limit, DEFAULT_PAGE_LIMIT, MAX_ALERTS_LIMIT);
      const rows =
        rooms.alerts?.list({
          limit: most + 1,
          ...(cursor !== undefined && { before: decodeCursor(cursor, question) }),
          ...(status !== undefined && { status }),
          ...(severity !== undefined && { minSeverity: severity }),
          ...(rule !== undefined && { rule }),
        }) ?? [];
      const listed = rows.slice(0, most);
      const last = rows.length > most ? listed.at(-1)?.raisedIndex : undefined;
      return { alerts: await summarizeAlerts(documents, listed), ...nextPage(question, last) };
    },
    alert: findAlert,
    async changeAlert(id, change, caller) {
      const row = rooms.alerts?.find(id);
      const alert = await findAlert(id);
      if (row === undefined || alert === undefined) return undefined;
      if (rooms.append === undefined) {
        throw new ExporterError(
          'archive_unreachable',
          'Only the service records what is done with an alert',
          {
            hint: 'name its address with --url; a data directory alone is only read',
          },
        );
      }
      const atMs = now();
      const draft = changeDraft(row, alert.record, change, caller, atMs);
      await rooms.append(draft);
      const { status, note } = change;
      const time = timestampOf(atMs);
      return { ...alert, status, changed: time, ...(note !== undefined && { note }) };
    },
    async checkpoint() {
      return (await log.checkpoint()).note;
    },
    async vkey() {
      return rooms.vkey();
    },
    status: rooms.status,
    async close() {
      await rooms.close?.();
    },
  };
}

function nextPage(question: string, after: number | undefined): { next?: string } {
  return after === undefined ? {} : { next: encodeCursor({ question, after }) };
}

function checkLimit(limit: number | undefined, usual: number, most: number): number {
  if (limit === undefined) return usual;
  if (Number.isInteger(limit) && limit >= 1 && limit <= most) return limit;
  throw new ExporterError('request_malformed', `The limit ${limit} cannot be met`, {
    hint: `ask for 1 to ${most} at a time, and follow \`next\` for more`,
  });
}

/** RFC 3339 with nine fraction digits, as times are compared. */
function checkTime(text: string): string {
  if (RFC3339_UTC.test(text) && !Number.isNaN(Date.parse(text))) return toMoment(text);
  throw new ExporterError('request_malformed', `${text} is not a time`, {
    hint: 'write it as 2026-11-21T18:30:00Z',
  });
}

/** `audit.ledger.index` of a document. */
function ledgerIndex(document: JsonObject | undefined): number | undefined {
  if (document === undefined) return undefined;
  return valuesAt(document, 'audit.ledger.index').find((value) => typeof value === 'number');
}
