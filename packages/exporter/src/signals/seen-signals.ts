import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';

/** Signals that are remembered; of more the oldest is forgotten. */
export const MAX_SEEN_SIGNALS = 262_144;

const SCHEMA = `CREATE TABLE IF NOT EXISTS seen (
  number INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  -- The size of the log before the record was written; NULL once it was.
  pending_from INTEGER
)`;

/** Entries of the log: the bytes of their records. */
export interface SeenLog {
  entries(from: number, to: number): AsyncIterable<{ bytes: Uint8Array }>;
}

/**
 * Remembers which signals were recorded, so that each is recorded once, also when the process is killed between the
 * ledger's write and this one: what was begun is noted before, and looked up in the ledger at the next start.
 */
export class SeenSignals {
  readonly #database: DatabaseSync;
  readonly #find: StatementSync;
  readonly #add: StatementSync;
  readonly #keep: StatementSync;
  readonly #drop: StatementSync;
  readonly #forget: StatementSync;

  /**
   * @param file of the database; its folder is created
   * @param max how many are remembered
   */
  constructor(file: string, max: number = MAX_SEEN_SIGNALS) {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    this.#database = new DatabaseSync(file);
    this.#database.exec(`PRAGMA journal_mode = WAL; ${SCHEMA}`);
    this.#find = this.#database.prepare('SELECT 1 FROM seen WHERE id = ?');
    this.#add = this.#database.prepare('INSERT INTO seen (id, pending_from) VALUES (?, ?)');
    this.#keep = this.#database.prepare('UPDATE seen SET pending_from = NULL WHERE id = ?');
    this.#drop = this.#database.prepare('DELETE FROM seen WHERE id = ?');
    this.#forget = this.#database.prepare(
      `DELETE FROM seen WHERE number <= (SELECT max(number) FROM seen) - ${max} AND pending_from IS NULL`,
    );
  }

  /** Finds out what became of signals whose recording a crash cut off. @param size entries of the log */
  async recover(log: SeenLog, size: number): Promise<void> {
    const rows = this.#database
      .prepare('SELECT id, pending_from FROM seen WHERE pending_from IS NOT NULL')
      .all();
    if (rows.length === 0) return;
    const pending = new Set(rows.map((row) => String(row['id'])));
    const recorded = new Set<string>();
    const from = Math.min(...rows.map((row) => Number(row['pending_from'])));
    for await (const { bytes } of log.entries(Math.min(from, size), size)) {
      const id = recordId(bytes);
      if (pending.has(id)) recorded.add(id);
    }
    this.#write('NORMAL', () => {
      for (const id of pending) (recorded.has(id) ? this.#keep : this.#drop).run(id);
    });
  }

  /** Whether a signal was recorded, or is being recorded. */
  has(id: string): boolean {
    return this.#find.get(id) !== undefined;
  }

  /**
   * Notes that signals will be recorded; it survives a power cut.
   *
   * @param size entries of the log now, at most
   */
  begin(ids: readonly string[], size: number): void {
    this.#write('FULL', () => {
      for (const id of ids) this.#add.run(id, size);
      this.#forget.run();
    });
  }

  /** They are in the ledger. Should this be lost, the next start finds them there. */
  keep(ids: readonly string[]): void {
    this.#write('NORMAL', () => {
      for (const id of ids) this.#keep.run(id);
    });
  }

  /** They are not, and may come again. */
  drop(ids: readonly string[]): void {
    this.#write('NORMAL', () => {
      for (const id of ids) this.#drop.run(id);
    });
  }

  close(): void {
    this.#database.close();
  }

  #write(synchronous: 'FULL' | 'NORMAL', run: () => void): void {
    this.#database.exec(`PRAGMA synchronous = ${synchronous}`);
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      run();
      this.#database.exec('COMMIT');
    } catch (error) {
      this.#database.exec('ROLLBACK');
      throw error;
    }
  }
}

/** `audit.record.id` of an entry: a canonical record of our own. */
function recordId(bytes: Uint8Array): string {
  const record: unknown = JSON.parse(Buffer.from(bytes).toString('utf8'));
  const audit: unknown = Reflect.get(Object(record), 'audit');
  return String(Reflect.get(Object(Reflect.get(Object(audit), 'record')), 'id'));
}
