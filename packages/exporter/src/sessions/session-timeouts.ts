import { identityOf } from '../derived-draft.ts';
import type { DerivedDraft, EvidenceParty } from '../derived-draft.ts';
import type { OpeningsReader } from '../openings.ts';
import type { SessionDeadlines } from './session-deadlines.ts';
import { findDeadline } from './session-findings.ts';
import { deadlineOf } from './session-limits.ts';
import type { SessionsConfig } from './session-limits.ts';
import type { SessionRow } from './session-row.ts';
import type { SessionTable } from './session-table.ts';

/** Sessions that one tick looks at; the others wait for the next one. */
const MAX_SESSIONS_PER_TICK = 1024;

/** When a session is looked at again whose change is on its way to the ledger. */
const RECHECK_MS = 60_000;

/** What sessions that time may have changed are found in. */
export interface TimeoutRooms {
  sessions: SessionTable;
  deadlines: SessionDeadlines;
  openings: OpeningsReader;
  config: SessionsConfig;
}

/** A session that was looked at. */
export interface TimedSession {
  reference: string;
  /** When it is to be looked at again, milliseconds since the epoch; undefined: not any more. */
  nextMs: number | undefined;
  /** What time brought about. */
  draft?: DerivedDraft;
}

/** @param nowMs - how late it is in the log, milliseconds since the epoch */
export async function findDeadlines(rooms: TimeoutRooms, nowMs: number): Promise<TimedSession[]> {
  const { sessions, deadlines, openings, config } = rooms;
  const found: TimedSession[] = [];
  for (const reference of deadlines.due(nowMs, MAX_SESSIONS_PER_TICK)) {
    const row = sessions.byReference(reference);
    const deadline = row && deadlineOf(row, config);
    if (row === undefined || deadline === undefined) found.push({ reference, nextMs: undefined });
    else if (deadline.atMs > nowMs) found.push({ reference, nextMs: deadline.atMs });
    else {
      const draft = findDeadline(row, deadline, await partyOf(row, openings));
      found.push({ reference, nextMs: nowMs + RECHECK_MS, draft });
    }
  }
  return found;
}

/** Whose session it is, as the record tells that tells most. */
async function partyOf(row: SessionRow, openings: OpeningsReader): Promise<EvidenceParty> {
  const { identityIndex } = row;
  const opened = (await openings.read(identityIndex, identityIndex + 1)).get(identityIndex);
  const [client] = row.clients;
  return {
    actorRef: row.actor,
    actorType: 'user',
    sessionRef: row.reference,
    clear: { oidc: { issuer: row.issuer, ...(client !== undefined && { client_id: client }) } },
    identity: opened === undefined ? {} : identityOf(opened),
    network: {},
  };
}
