import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { inTransaction } from '../transaction.ts';

/** Signals that are remembered; of more the oldest is forgotten. */
export const MAX_SEEN_SIGNALS = 262_144;

const SCHEMA = `
CREATE TABLE IF NOT EXISTS seen (number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE);
-- Signals in entries of the log before this one are in the table.
CREATE TABLE IF NOT EXISTS position (entry INTEGER NOT NULL);
`;

const SIGNAL_ID = /^signal-[0-9a-f]{32}$/;

/** Bytes without which an entry is not the record of a signal. */
const MARK = Buffer.from('"id":"signal-');

/** Entries of the log: the bytes of their records. */
export interface SeenLog {
  entries(from: number, to: number): AsyncIterable<{ bytes: Uint8Array }>;
}

/**
 * Remembers which signals were recorded, so that each is recorded once, also when the process is killed between the
 * ledger's write and this one, and after a power cut: what the ledger got since the last noted position is read from it
 * at the next start. So nothing here waits for the disk, and what is lost is found again.
 */
export class SeenSignals {
  readonly #database: DatabaseSync;
  readonly #find: StatementSync;
  readonly #add: StatementSync;
  readonly #forget: StatementSync;

  /**
   * @param file of the database; its folder is created
   * @param max how many are remembered
   */
  constructor(file: string, max: number = MAX_SEEN_SIGNALS) {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    this.#database = new DatabaseSync(file);
    // What is written later is never kept without what was written before.
    this.#database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; ${SCHEMA}`);
    this.#find = this.#database.prepare('SELECT 1 FROM seen WHERE id = ?');
    this.#add = this.#database.prepare('INSERT OR IGNORE INTO seen (id) VALUES (?)');
    this.#forget = this.#database.prepare(
      `DELETE FROM seen WHERE number <= (SELECT max(number) FROM seen) - ${max}`,
    );
  }

  /** Takes up the signals of the log that are not here: without a database all of them. @param size entries of the log */
  async recover(log: SeenLog, size: number): Promise<void> {
    const noted = Number(this.#database.prepare('SELECT entry FROM position').get()?.['entry'] ?? 0);
    const found: string[] = [];
    // A log that is shorter is another one.
    for await (const { bytes } of log.entries(noted > size ? 0 : noted, size)) {
      if (Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).indexOf(MARK) === -1) continue;
      const id = recordId(bytes);
      if (SIGNAL_ID.test(id)) found.push(id);
    }
    this.add(found.slice(-MAX_SEEN_SIGNALS));
    this.note(size);
  }

  /** Whether a signal was recorded. */
  has(id: string): boolean {
    return this.#find.get(id) !== undefined;
  }

  /** They are in the ledger. */
  add(ids: readonly string[]): void {
    inTransaction(this.#database, () => {
      for (const id of ids) this.#add.run(id);
      this.#forget.run();
    });
  }

  /** All signals in entries before this one were added. */
  note(entry: number): void {
    inTransaction(this.#database, () => {
      this.#database.exec('DELETE FROM position');
      this.#database.prepare('INSERT INTO position (entry) VALUES (?)').run(entry);
    });
  }

  close(): void {
    this.#database.close();
  }
}

/** `audit.record.id` of an entry: a canonical record of our own. */
function recordId(bytes: Uint8Array): string {
  const record: unknown = JSON.parse(Buffer.from(bytes).toString('utf8'));
  const audit: unknown = Reflect.get(Object(record), 'audit');
  return String(Reflect.get(Object(Reflect.get(Object(audit), 'record')), 'id'));
}
