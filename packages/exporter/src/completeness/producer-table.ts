import type { DatabaseSync, SQLOutputValue, StatementSync } from 'node:sqlite';

import { IntervalSet } from '../interval-set.ts';
import { hasEnded, holesOf } from './producer.ts';
import type { Explanation, Producer } from './producer.ts';

/** The tables of producers, and of what each session did at them. */
export const PRODUCERS_SCHEMA = `
  CREATE TABLE producers (
    stream TEXT PRIMARY KEY, service TEXT NOT NULL, instance TEXT NOT NULL, numbers TEXT NOT NULL,
    inexact INTEGER NOT NULL, duplicates INTEGER NOT NULL, ended_at INTEGER NOT NULL, silent_at INTEGER NOT NULL,
    succeeded INTEGER NOT NULL, first_index INTEGER NOT NULL, last_index INTEGER NOT NULL, last_id TEXT NOT NULL,
    explanations TEXT NOT NULL, live INTEGER NOT NULL, unexplained INTEGER NOT NULL
  ) WITHOUT ROWID;
  CREATE INDEX producers_by_service ON producers (service, instance, first_index);
  CREATE INDEX producers_by_age ON producers (last_index);
  CREATE INDEX producers_live ON producers (stream) WHERE live = 1;
  CREATE INDEX producers_unexplained ON producers (last_index) WHERE unexplained = 1;
`;

const WRITE = `INSERT OR REPLACE INTO producers (
    stream, service, instance, numbers, inexact, duplicates, ended_at, silent_at, succeeded,
    first_index, last_index, last_id, explanations, live, unexplained
  ) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;

/** The table of producers. */
export class ProducerTable {
  readonly #database: DatabaseSync;
  readonly #select: StatementSync;
  readonly #write: StatementSync;

  constructor(database: DatabaseSync) {
    this.#database = database;
    this.#select = database.prepare('SELECT * FROM producers WHERE stream = ?');
    this.#write = database.prepare(WRITE);
  }

  get count(): number {
    return Number(this.#database.prepare('SELECT count(*) AS count FROM producers').get()?.['count']);
  }

  find(streamId: string): Producer | undefined {
    const row = this.#select.get(streamId);
    return row && toProducer(row);
  }

  /** Those that are heard and have not ended. */
  live(): string[] {
    return this.#database
      .prepare('SELECT stream FROM producers WHERE live = 1')
      .all()
      .map((row) => String(row['stream']));
  }

  /** Those with holes that no record accounts for, those that were heard last first. */
  unexplained(limit: number): Producer[] {
    return this.#database
      .prepare('SELECT * FROM producers WHERE unexplained = 1 ORDER BY last_index DESC LIMIT ?')
      .all(limit)
      .map(toProducer);
  }

  /** Of a service's producers that began before this ledger index, and that nobody succeeded, the latest. */
  predecessors(service: string, instance: string, before: number, limit: number): Producer[] {
    return this.#database
      .prepare(
        `SELECT * FROM producers WHERE service = ? AND instance = ? AND first_index < ? AND succeeded = 0
          ORDER BY first_index DESC LIMIT ?`,
      )
      .all(service, instance, before, limit)
      .map(toProducer);
  }

  write(producer: Producer): void {
    const ended = hasEnded(producer);
    this.#write.run(
      producer.streamId,
      producer.service,
      producer.instance,
      JSON.stringify(producer.numbers.bounds),
      Number(producer.isInexact),
      producer.duplicates,
      producer.endedAt,
      producer.silentAt,
      Number(producer.isSucceeded),
      producer.firstIndex,
      producer.lastIndex,
      producer.lastId,
      JSON.stringify(producer.explanations),
      Number(!ended && producer.silentAt === 0),
      Number(holesOf(producer).some(({ explained }) => explained === undefined)),
    );
  }

  /** Forgets the one that was heard longest ago. */
  forgetOldest(): void {
    this.#database.exec(
      'DELETE FROM producers WHERE stream = (SELECT stream FROM producers ORDER BY last_index LIMIT 1)',
    );
  }
}

function toProducer(row: Record<string, SQLOutputValue>): Producer {
  const bounds: number[] = JSON.parse(String(row['numbers']));
  // Written by us.
  const explanations: Explanation[] = JSON.parse(String(row['explanations']));
  return {
    streamId: String(row['stream']),
    service: String(row['service']),
    instance: String(row['instance']),
    numbers: new IntervalSet(bounds),
    isInexact: row['inexact'] === 1,
    duplicates: Number(row['duplicates']),
    endedAt: Number(row['ended_at']),
    silentAt: Number(row['silent_at']),
    isSucceeded: row['succeeded'] === 1,
    firstIndex: Number(row['first_index']),
    lastIndex: Number(row['last_index']),
    lastId: String(row['last_id']),
    explanations,
  };
}
