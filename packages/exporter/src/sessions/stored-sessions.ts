import type { DatabaseSync } from 'node:sqlite';

import { createBlindKey } from '../blind-key.ts';
import { openFollowerDatabase, readPosition } from '../follower-database.ts';
import { compareText, differingRows } from '../row-differences.ts';
import { databaseOptions } from './session-database.ts';

/** A session that is stored otherwise than the records make it. */
export interface SessionDifference {
  kind: 'missing' | 'foreign' | 'altered';
  /** `audit.session.id`. */
  reference: string;
}

/** Sessions that are compared with those gathered anew. What they are stays as it was when they were opened. */
export class StoredSessions {
  /** The first ledger index that they have not taken in. */
  readonly position: number;
  readonly #database: DatabaseSync;

  /**
   * @param file - path of the database
   * @param key - 32 bytes: the key under which a session is found by its `sid`
   * @throws ExporterError `index_damaged`
   */
  constructor(file: string, key: Uint8Array) {
    this.#database = openReadOnly(file, key);
    this.#database.exec('BEGIN');
    this.position = readPosition(this.#database);
  }

  /** What SQLite finds wrong with the file itself; absent if nothing. */
  findDamage(): string | undefined {
    const found = String(this.#database.prepare('PRAGMA integrity_check(1)').get()?.['integrity_check']);
    return found === 'ok' ? undefined : found;
  }

  /**
   * Compares with the same sessions gathered anew from the log.
   *
   * @param rebuilt - path of their database
   * @param most - how many differences are told at most
   */
  differences(rebuilt: string, key: Uint8Array, most: number): SessionDifference[] {
    const other = openReadOnly(rebuilt, key);
    try {
      const kinds = new Map<string, SessionDifference['kind']>();
      const inOrder = (a: StoredSession, b: StoredSession): number =>
        compareText(a.reference, b.reference) || compareText(a.content, b.content);
      for (const { kind, row } of differingRows(sessions(this.#database), sessions(other), inOrder)) {
        if (kinds.has(row.reference)) kinds.set(row.reference, 'altered');
        else if (kinds.size < most) kinds.set(row.reference, kind);
      }
      return [...kinds].map(([reference, kind]) => ({ reference, kind }));
    } finally {
      other.close();
    }
  }

  close(): void {
    this.#database.close();
  }
}

/** A row, with all its columns as one text. */
interface StoredSession {
  reference: string;
  content: string;
}

function* sessions(database: DatabaseSync): Generator<StoredSession> {
  for (const row of database.prepare('SELECT * FROM sessions ORDER BY reference').iterate()) {
    yield { reference: String(row['reference']), content: JSON.stringify(Object.values(row)) };
  }
}

function openReadOnly(file: string, key: Uint8Array): DatabaseSync {
  return openFollowerDatabase({ ...databaseOptions(file, createBlindKey(key)), readOnly: true });
}
