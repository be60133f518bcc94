import type { JsonObject } from '@spanledger/record';
import { summarizeSessions } from './archive-sessions.ts';
import type { DocumentReader } from './documents.ts';
import type { SessionStore } from './sessions/index.ts';

/** Where sessions are read from, to be written elsewhere. */
export interface SessionDocumentRooms {
  sessions: Pick<SessionStore, 'find'>;
  documents: DocumentReader;
  /** Of the log. */
  origin: string;
}

/**
 * Sessions as `GET /api/sessions` lists them, with the references by which they are joined to records and erased.
 *
 * @param references `audit.session.id`s
 * @returns by reference; nothing for those that are not there
 */
export async function readSessionDocuments(
  { sessions, documents, origin }: SessionDocumentRooms,
  references: readonly string[],
): Promise<Map<string, JsonObject>> {
  const rows = references.flatMap((reference) => sessions.find(reference) ?? []);
  const summaries = await summarizeSessions(documents, rows);
  return new Map(
    summaries.map((summary, i) => [
      summary.id,
      {
        ...summary,
        audit: {
          actor: { id: rows[i]?.actor ?? '' },
          ledger: { origin },
          session: { id: summary.id },
        },
      },
    ]),
  );
}
