import { hash } from 'node:crypto';
import type { DatabaseSync, SQLOutputValue, StatementSync } from 'node:sqlite';

import type { DerivedDraft } from '../derived-draft.ts';
import { inTransaction } from '../transaction.ts';
import type { RowSealer } from './row-sealer.ts';

/**
 * The tables of an outbox, for the schema of the follower's database. What a follower derives it writes here, in the
 * transaction in which it advances its position; a row goes when the follower meets that record in the ledger. So a
 * record is in the ledger exactly once, wherever a crash falls: before the transaction nothing was derived, after it
 * the row says what is to be sent, and it is sent only once the follower has seen all that was durable.
 */
export const OUTBOX_SCHEMA = `
  CREATE TABLE outbox (number INTEGER PRIMARY KEY AUTOINCREMENT, record_id TEXT NOT NULL UNIQUE, draft BLOB NOT NULL);
  CREATE TABLE outbox_seen (number INTEGER PRIMARY KEY AUTOINCREMENT, record BLOB NOT NULL UNIQUE);
  CREATE TABLE outbox_refused (
    number INTEGER PRIMARY KEY AUTOINCREMENT, record_id TEXT NOT NULL UNIQUE, reason TEXT NOT NULL, draft BLOB NOT NULL
  );
`;

/** The most records that are kept which the ledger can never take; the oldest ones are forgotten. */
const MAX_REFUSED = 1000;

/** A record that the ledger can never take, as it is. */
export interface RefusedDraft {
  /** `audit.record.id`. */
  id: string;
  /** What is wrong with it; nothing of its content. */
  reason: string;
}

/** The most records of the ledger that are remembered as seen; the oldest ones are forgotten. */
const MAX_SEEN = 100_000;

/** Seen ones are thinned out each time that so many were added. */
const THIN_OUT_EVERY = 1024;

const SEEN_BYTES = 16;
const DIGEST_CHARACTERS = 22;

/**
 * `audit.record.id` of a derived record: the same evidence gives the same id, and nothing in it names a person.
 *
 * @param kind - the prefix, one per outbox: `alert`
 * @param evidence - what it was derived from, such as the rule and the id of the record that completed it: texts that
 *   stand in the clear
 */
export function derivedId(kind: string, ...evidence: readonly string[]): string {
  return `${kind}-${hash('sha256', JSON.stringify(evidence), 'base64url').slice(0, DIGEST_CHARACTERS)}`;
}

/** What a follower derived and the ledger does not hold yet. */
export class Outbox {
  readonly #sealer: RowSealer;
  readonly #prefix: string;
  readonly #database: DatabaseSync;
  readonly #insert: StatementSync;
  readonly #remove: StatementSync;
  readonly #note: StatementSync;
  readonly #isSeen: StatementSync;
  readonly #isRefused: StatementSync;
  /** Sent in this run: not sent again, for what was sent is durable or refused. */
  readonly #sent: Set<string> = new Set();
  #noted = 0;

  /**
   * @param database - of the follower, with the tables of {@link OUTBOX_SCHEMA}
   * @param kind - the prefix of all its record ids, see {@link derivedId}
   */
  constructor(database: DatabaseSync, kind: string, sealer: RowSealer) {
    this.#database = database;
    this.#prefix = `${kind}-`;
    this.#sealer = sealer;
    this.#insert = database.prepare('INSERT OR IGNORE INTO outbox (record_id, draft) VALUES (?, ?)');
    this.#remove = database.prepare('DELETE FROM outbox WHERE record_id = ?');
    this.#note = database.prepare('INSERT OR IGNORE INTO outbox_seen (record) VALUES (?)');
    this.#isSeen = database.prepare('SELECT 1 FROM outbox_seen WHERE record = ?');
    this.#isRefused = database.prepare('SELECT 1 FROM outbox_refused WHERE record_id = ?');
  }

  /** Within the follower's transaction: a record was derived. One that the ledger holds already is not kept. */
  put(derived: DerivedDraft): void {
    const { id } = derived.draft;
    if (!id.startsWith(this.#prefix)) throw new TypeError(`the record ${id} is not of this outbox`);
    if (this.#isSeen.get(digest(id)) !== undefined || this.#isRefused.get(id) !== undefined) return;
    this.#insert.run(id, this.#sealer.seal(id, Buffer.from(JSON.stringify(derived))));
  }

  /**
   * Within the follower's transaction: the ledger holds this record. To be called for every record that is followed;
   * those of others are passed over.
   *
   * @param recordId - `audit.record.id`
   * @returns whether it was on its way from here
   */
  seen(recordId: string): boolean {
    if (!recordId.startsWith(this.#prefix)) return false;
    const { changes } = this.#remove.run(recordId);
    this.#note.run(digest(recordId));
    this.#noted++;
    if (this.#noted % THIN_OUT_EVERY === 0) {
      this.#database
        .prepare('DELETE FROM outbox_seen WHERE number <= (SELECT max(number) FROM outbox_seen) - ?')
        .run(MAX_SEEN);
    }
    return changes > 0;
  }

  /** How many records are on their way to the ledger. */
  get size(): number {
    return Number(this.#database.prepare('SELECT count(*) AS size FROM outbox').get()?.['size']);
  }

  /**
   * Outside of transactions: takes what was not sent in this run yet, the oldest first, as sent. What the key does
   * not open any more is left out.
   */
  take(limit: number): DerivedDraft[] {
    const rows = this.#database.prepare('SELECT record_id FROM outbox ORDER BY number').all();
    const ids = rows.map((row) => String(row['record_id']));
    const kept = new Set(ids);
    for (const id of this.#sent) if (!kept.has(id)) this.#sent.delete(id);
    const taken = ids.filter((id) => !this.#sent.has(id)).slice(0, limit);
    for (const id of taken) this.#sent.add(id);
    return taken.flatMap((id) => this.#read(id) ?? []);
  }

  /** What was taken did not get into the ledger: it is to be sent again. */
  refuse(recordIds: readonly string[]): void {
    for (const id of recordIds) this.#sent.delete(id);
  }

  /**
   * Outside of transactions: takes the opened groups out of what waits, or is set aside, about somebody who was erased. That
   * it happened still goes into the ledger. Once the database is written anew, it is in no file.
   *
   * @param isAbout - whether a draft says something of them
   */
  strip(isAbout: (derived: DerivedDraft) => boolean): void {
    for (const table of ['outbox', 'outbox_refused'] as const) {
      const update = this.#database.prepare(`UPDATE ${table} SET draft = ? WHERE record_id = ?`);
      for (const row of this.#database.prepare(`SELECT record_id, draft FROM ${table}`).all()) {
        const id = String(row['record_id']);
        const derived = this.#open(id, row['draft']);
        if (derived === undefined || !isAbout(derived)) continue;
        const stripped: DerivedDraft = { ...derived, draft: { ...derived.draft, groups: {} } };
        update.run(this.#sealer.seal(id, Buffer.from(JSON.stringify(stripped))), id);
      }
    }
  }

  /** Outside of transactions: what can never get into the ledger is not sent again, and is kept to be looked at. */
  setAside(refused: readonly RefusedDraft[]): void {
    if (refused.length === 0) return;
    inTransaction(this.#database, () => {
      for (const { id, reason } of refused) {
        this.#database
          .prepare(
            `INSERT OR IGNORE INTO outbox_refused (record_id, reason, draft)
             SELECT record_id, ?, draft FROM outbox WHERE record_id = ?`,
          )
          .run(reason, id);
        this.#remove.run(id);
      }
      this.#database
        .prepare('DELETE FROM outbox_refused WHERE number <= (SELECT max(number) FROM outbox_refused) - ?')
        .run(MAX_REFUSED);
    });
  }

  #read(id: string): DerivedDraft | undefined {
    const row = this.#database.prepare('SELECT draft FROM outbox WHERE record_id = ?').get(id);
    return this.#open(id, row?.['draft']);
  }

  #open(id: string, box: SQLOutputValue | undefined): DerivedDraft | undefined {
    const bytes = box instanceof Uint8Array ? this.#sealer.open(id, box) : undefined;
    if (bytes === undefined) return undefined;
    // Sealed by us: nobody else wrote it.
    const derived: DerivedDraft = JSON.parse(Buffer.from(bytes).toString());
    return derived;
  }
}

function digest(recordId: string): Uint8Array {
  return Buffer.from(hash('sha256', recordId, 'hex'), 'hex').subarray(0, SEEN_BYTES);
}
