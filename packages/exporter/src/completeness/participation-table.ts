import type { DatabaseSync, StatementSync } from 'node:sqlite';

/** The table of what each session did at which producer. A producer without a name: records without a number. */
export const PARTICIPATIONS_SCHEMA = `
  CREATE TABLE participations (
    session TEXT NOT NULL, stream TEXT NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL, records INTEGER NOT NULL,
    PRIMARY KEY (session, stream)
  ) WITHOUT ROWID;
`;

/** What a session did at a producer. */
export interface Participation {
  /** Empty for records without a number. */
  streamId: string;
  /** The smallest and the largest number of its spans there. */
  first: number;
  last: number;
  /** Records of spans and of events on them. */
  records: number;
}

/** Producers of one session that are told at most. */
export const MAX_PRODUCERS_PER_SESSION = 10_000;

/** Gathers participations, and keeps them. */
export class ParticipationTable {
  readonly #database: DatabaseSync;
  readonly #add: StatementSync | undefined;
  /** What was gathered since the last {@link ParticipationTable.write}, by session and producer. */
  readonly #gathered: Map<string, Map<string, Participation>> = new Map();

  /** @param readOnly - true to read what somebody else writes */
  constructor(database: DatabaseSync, readOnly: boolean) {
    this.#database = database;
    if (readOnly) return;
    this.#add = database.prepare(`
      INSERT INTO participations (session, stream, first, last, records) VALUES (?, ?, ?, ?, ?)
      ON CONFLICT DO UPDATE SET first = min(first, excluded.first), last = max(last, excluded.last),
        records = records + excluded.records`);
  }

  /** A record of a session. */
  gather(session: string, streamId: string, number: number): void {
    let streams = this.#gathered.get(session);
    if (streams === undefined) this.#gathered.set(session, (streams = new Map()));
    const before = streams.get(streamId);
    if (before === undefined) streams.set(streamId, { streamId, first: number, last: number, records: 1 });
    else {
      before.first = Math.min(before.first, number);
      before.last = Math.max(before.last, number);
      before.records++;
    }
  }

  /** Forgets what was gathered and not written. */
  discard(): void {
    this.#gathered.clear();
  }

  /** Within a transaction: keeps what was gathered. */
  write(): void {
    for (const [session, streams] of this.#gathered) {
      for (const { streamId, first, last, records } of streams.values()) {
        this.#add?.run(session, streamId, first, last, records);
      }
    }
    this.#gathered.clear();
  }

  /** What a session did, by the names of producers. */
  of(session: string): Participation[] {
    return this.#database
      .prepare('SELECT * FROM participations WHERE session = ? ORDER BY stream LIMIT ?')
      .all(session, MAX_PRODUCERS_PER_SESSION)
      .map((row) => ({
        streamId: String(row['stream']),
        first: Number(row['first']),
        last: Number(row['last']),
        records: Number(row['records']),
      }));
  }
}
