import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { SQLOutputValue } from 'node:sqlite';

import { ExporterError } from '../../errors.ts';
import { inTransaction } from '../../transaction.ts';

/** What of the cluster the position belongs to. */
export interface IndexedStream {
  /** `cluster_uuid`. */
  cluster: string;
  /** Name of the data stream. */
  stream: string;
  /** Name and `index.uuid` of the newest backing index that was seen. */
  backing: string;
  backingUuid: string;
}

/** How far the index is. */
export interface IndexPosition extends IndexedStream {
  origin: string;
  /** The first ledger index that is neither in the index nor among the dead letters. */
  position: number;
}

/** A record that Elasticsearch refused. The record itself is in the ledger. */
export interface DeadLetter {
  /** Ledger index. */
  index: number;
  /** Elasticsearch's name of the error, or one of ours; never its text, which may quote the record. */
  reason: string;
  /** The field that could not be indexed, as far as its name is ours. */
  field?: string;
  /** When it was refused, in milliseconds since the epoch. */
  atMs: number;
}

/** The most dead letters that are kept: with so many the follower waits until somebody sees to them. */
export const MAX_DEAD_LETTERS = 10_000;

const BUSY_TIMEOUT_MS = 5000;

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS position (
    id INTEGER PRIMARY KEY CHECK (id = 0), cluster TEXT NOT NULL, stream TEXT NOT NULL, backing TEXT NOT NULL,
    backing_uuid TEXT NOT NULL, origin TEXT NOT NULL, position INTEGER NOT NULL
  );
  CREATE TABLE IF NOT EXISTS dead_letters (
    ledger_index INTEGER PRIMARY KEY, reason TEXT NOT NULL, field TEXT, at_ms INTEGER NOT NULL
  );
`;

/**
 * What the follower of Elasticsearch keeps in the data directory: how far it is and what was refused, both changed in
 * one transaction that survives a power cut. A reindex in another process may take dead letters away meanwhile.
 */
export class IndexState {
  readonly #database: DatabaseSync;

  /**
   * @param file - path of the database
   * @param readOnly - true to look only; the file must be there then
   * @throws ExporterError `index_damaged`
   */
  constructor(file: string, readOnly = false) {
    try {
      if (!readOnly) mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
      this.#database = new DatabaseSync(file, { readOnly, timeout: BUSY_TIMEOUT_MS });
      if (!readOnly) {
        this.#database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
        this.#database.exec(SCHEMA);
      }
      this.position();
    } catch (cause) {
      throw new ExporterError(
        'index_damaged',
        `What is known of the Elasticsearch index, ${file}, cannot be read`,
        {
          cause,
          hint: 'Stop the service and delete the file: records that are indexed already are recognised.',
        },
      );
    }
  }

  /** How far the index is; undefined before anything was indexed. */
  position(): IndexPosition | undefined {
    const row = this.#database.prepare('SELECT * FROM position').get();
    if (row === undefined) return undefined;
    return {
      cluster: String(row['cluster']),
      stream: String(row['stream']),
      backing: String(row['backing']),
      backingUuid: String(row['backing_uuid']),
      origin: String(row['origin']),
      position: Number(row['position']),
    };
  }

  /** Stores a position together with what was refused on the way to it. */
  commit(position: IndexPosition, letters: readonly DeadLetter[] = []): void {
    inTransaction(this.#database, () => {
      this.#database
        .prepare('INSERT OR REPLACE INTO position VALUES (0, ?, ?, ?, ?, ?, ?)')
        .run(
          position.cluster,
          position.stream,
          position.backing,
          position.backingUuid,
          position.origin,
          position.position,
        );
      this.#insert(letters);
    });
  }

  /** Begins anew: the dead letters were of another index. */
  restart(position: IndexPosition): void {
    this.#database.exec('DELETE FROM dead_letters');
    this.commit(position);
  }

  /** Records that were refused, by ledger index. */
  deadLetters(limit: number = MAX_DEAD_LETTERS): DeadLetter[] {
    return this.#database
      .prepare('SELECT * FROM dead_letters ORDER BY ledger_index LIMIT ?')
      .all(limit)
      .map(readLetter);
  }

  /** The dead letters from one ledger index up to, not including, another. */
  deadLettersIn(from: number, to: number): Map<number, DeadLetter> {
    const rows = this.#database
      .prepare('SELECT * FROM dead_letters WHERE ledger_index >= ? AND ledger_index < ?')
      .all(from, to);
    return new Map(rows.map(readLetter).map((letter) => [letter.index, letter]));
  }

  /** How many there are. */
  countDeadLetters(): number {
    return Number(this.#database.prepare('SELECT count(*) AS count FROM dead_letters').get()?.['count'] ?? 0);
  }

  /** Records were indexed after all, or refused anew. */
  settle(indexed: readonly number[], refused: readonly DeadLetter[]): void {
    inTransaction(this.#database, () => {
      const remove = this.#database.prepare('DELETE FROM dead_letters WHERE ledger_index = ?');
      for (const index of indexed) remove.run(index);
      this.#insert(refused);
    });
  }

  close(): void {
    this.#database.close();
  }

  #insert(letters: readonly DeadLetter[]): void {
    const insert = this.#database.prepare('INSERT OR REPLACE INTO dead_letters VALUES (?, ?, ?, ?)');
    for (const { index, reason, field, atMs } of letters) insert.run(index, reason, field ?? null, atMs);
  }
}

function readLetter(row: Record<string, SQLOutputValue>): DeadLetter {
  const field = row['field'];
  return {
    index: Number(row['ledger_index']),
    reason: String(row['reason']),
    ...(typeof field === 'string' && { field }),
    atMs: Number(row['at_ms']),
  };
}
