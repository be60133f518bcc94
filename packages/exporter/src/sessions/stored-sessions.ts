import type { DatabaseSync } from 'node:sqlite';

import { createBlindKey } from '../blind-key.ts';
import { openFollowerDatabase, readPosition } from '../follower-database.ts';
import { compareText, differingRows } from '../row-differences.ts';
import { databaseOptions } from './session-database.ts';

/** A session or token that is stored otherwise than the records make it. */
export interface SessionDifference {
  what: 'session' | 'token';
  kind: 'missing' | 'foreign' | 'altered';
  /** Of a session `audit.session.id`, of a token the ledger index of the first record that names it. */
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
   * @param from - only what began at this ledger index or later: of earlier records some were purged
   */
  differences(rebuilt: string, key: Uint8Array, most: number, from = 0): SessionDifference[] {
    const other = openReadOnly(rebuilt, key);
    try {
      const theirs = other;
      return [
        ...compare('session', most, ...this.#both(theirs, SESSIONS, from)),
        ...compare('token', most, ...this.#both(theirs, TOKENS, from)),
      ];
    } finally {
      other.close();
    }
  }

  /** Rows of both; what began before `from` here is left out there too, where it begins later. */
  #both(theirs: DatabaseSync, sql: string, from: number): [Iterable<StoredRow>, Iterable<StoredRow>] {
    if (from === 0) return [rows(this.#database, sql), rows(theirs, sql)];
    const stored = [...rows(this.#database, sql)];
    const early = new Set(stored.flatMap(({ name, first }) => (first < from ? [name] : [])));
    const isCompared = ({ name, first }: StoredRow): boolean => first >= from && !early.has(name);
    return [stored.filter(isCompared), [...rows(theirs, sql)].filter(isCompared)];
  }

  close(): void {
    this.#database.close();
  }
}

/** A row, with all its columns as one text. */
interface StoredRow {
  /** Rows are in the order of their names. */
  name: string;
  reference: string;
  content: string;
  /** Ledger index of its first record. */
  first: number;
}

const SESSIONS = 'SELECT reference AS name, * FROM sessions ORDER BY reference';
const TOKENS =
  "SELECT token || ' ' || issuer AS name, first_index AS reference, * FROM tokens ORDER BY token || ' ' || issuer";

function* rows(database: DatabaseSync, sql: string): Generator<StoredRow> {
  for (const row of database.prepare(sql).iterate()) {
    const { name, reference, ...columns } = row;
    yield {
      name: String(name),
      reference: String(reference),
      first: Number(row['first_index'] ?? reference),
      content: JSON.stringify([reference, ...Object.values(columns)]),
    };
  }
}

function compare(
  what: SessionDifference['what'],
  most: number,
  stored: Iterable<StoredRow>,
  rebuilt: Iterable<StoredRow>,
): SessionDifference[] {
  const found = new Map<string, SessionDifference>();
  const inOrder = (a: StoredRow, b: StoredRow): number =>
    compareText(a.name, b.name) || compareText(a.content, b.content);
  for (const { kind, row } of differingRows(stored, rebuilt, inOrder)) {
    const { name, reference } = row;
    if (found.has(name)) found.set(name, { what, kind: 'altered', reference });
    else if (found.size < most) found.set(name, { what, kind, reference });
  }
  return [...found.values()];
}

function openReadOnly(file: string, key: Uint8Array): DatabaseSync {
  return openFollowerDatabase({ ...databaseOptions(file, createBlindKey(key)), readOnly: true });
}
