import type { KeyObject } from 'node:crypto';
import type { DatabaseSync, StatementSync } from 'node:sqlite';

import { BoxPlaces, PLACES_SCHEMA } from './box-places.ts';
import type { ScopeKey, ScopeKeys } from './scope-keys.ts';
import { open, seal } from './sealed-box.ts';
import { asBytes, asInteger, unopenedBox } from './vault-damage.ts';
import type { ErasableOpenings } from './vault-erasure.ts';

/** The most entries, and bytes of openings, of one box: what a reader of one entry opens with it. */
const MAX_BOX_ENTRIES = 64;
const MAX_BOX_BYTES = 131_072;

/** Before each entry's openings: how far it is from the first entry of the box, and their length; uint32, little-endian. */
const HEADER_BYTES = 8;

/** The tables of {@link SealedOpenings}. */
export const BOXES_SCHEMA: string = `
  CREATE TABLE IF NOT EXISTS boxes (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    subject INTEGER NOT NULL REFERENCES subjects (id),
    first INTEGER NOT NULL,
    box BLOB NOT NULL
  );
  CREATE INDEX IF NOT EXISTS boxes_of_subject ON boxes (subject);
  ${PLACES_SCHEMA}
`;

/** Ledger index and JCS bytes of an entry's openings. */
export type OpeningEntry = readonly [index: number, openings: Uint8Array];

/** Openings of one scope. */
export interface ScopeOpenings {
  owner: ScopeKey;
  /** Ascending. */
  entries: readonly OpeningEntry[];
}

/**
 * The sealed openings of a vault. A box (AES-256-GCM) holds those of some entries of one scope, however many entries of
 * others lie between them; `places` says in which box an entry's are. Its content says which entries it is of as well, and a box
 * counts for those only of which both say so.
 */
export class SealedOpenings implements ErasableOpenings {
  readonly #database: DatabaseSync;
  readonly #keys: ScopeKeys;
  readonly #places: BoxPlaces;
  readonly #select: StatementSync;
  readonly #lastId: StatementSync;
  readonly #insert: StatementSync;
  readonly #delete: StatementSync;

  constructor(database: DatabaseSync, keys: ScopeKeys) {
    this.#database = database;
    this.#keys = keys;
    this.#places = new BoxPlaces(database);
    this.#select = database.prepare('SELECT subject, first, box FROM boxes WHERE id = ?');
    this.#lastId = database.prepare("SELECT seq FROM sqlite_sequence WHERE name = 'boxes'");
    this.#insert = database.prepare('INSERT INTO boxes (id, subject, first, box) VALUES (?, ?, ?, ?)');
    this.#delete = database.prepare('DELETE FROM boxes WHERE id = ?');
  }

  /** Seals openings, within a transaction. Of an entry whose openings are here already, these take their place. */
  put(openings: Iterable<ScopeOpenings>): void {
    let id = Number(this.#lastId.get()?.['seq'] ?? 0);
    for (const { owner, entries } of openings) {
      for (const some of splitEntries(entries)) {
        const first = some[0]?.[0] ?? 0;
        id++;
        const box = seal(owner.key, purposeOfBox(id, owner.id, first), joinEntries(some, first));
        this.#insert.run(id, owner.id, first, box);
        for (const [index] of some) this.#places.set(index, id);
      }
    }
    this.#places.store();
  }

  /**
   * Opens what is here of the entries `from` up to, not including, `to`. Boxes whose key is gone are left out.
   *
   * @param found - takes the JCS bytes, by ledger index
   * @throws ExporterError `vault_damaged`, `key_mismatch`
   */
  read(from: number, to: number, found: Map<number, Uint8Array>): void {
    // For as long as this takes: a key that is destroyed must not be kept.
    const keys = new Map<number, KeyObject | undefined>();
    for (const [id, indexes] of this.#places.boxesOf(from, to)) {
      for (const [index, bytes] of this.#open(id, keys)?.entries ?? []) {
        if (indexes.has(index)) found.set(index, bytes);
      }
    }
  }

  /** Within a transaction: takes openings of single entries out of their boxes, the others in these stay. */
  cutOut(indexes: Iterable<number>): void {
    const wanted = new Set(indexes);
    const ids = new Set<number>();
    for (const index of wanted) for (const id of this.#places.boxesOf(index, index + 1).keys()) ids.add(id);
    const left: ScopeOpenings[] = [];
    const keys = new Map<number, KeyObject | undefined>();
    for (const id of ids) {
      const box = this.#open(id, keys);
      if (box === undefined) continue;
      const last = box.entries.at(-1)?.[0] ?? 0;
      const here = this.#places.boxesOf(box.entries[0]?.[0] ?? 0, last + 1).get(id);
      const staying = box.entries.filter(([index]) => here?.has(index) === true && !wanted.has(index));
      left.push({ owner: box.owner, entries: staying });
      this.#delete.run(id);
    }
    for (const index of wanted) this.#places.set(index, undefined);
    this.put(left);
  }

  /** Takes all boxes of a scope away. */
  remove(scope: string): void {
    this.#database
      .prepare('DELETE FROM boxes WHERE subject = (SELECT id FROM subjects WHERE scope = ?)')
      .run(scope);
  }

  /** The transaction was undone. */
  forget(): void {
    this.#places.forget();
  }

  /** Undefined where the box is gone, or its key. */
  #open(id: number, keys: Map<number, KeyObject | undefined>): ScopeOpenings | undefined {
    const row = this.#select.get(id);
    if (row === undefined) return undefined;
    const subject = asInteger(row['subject']);
    if (!keys.has(subject)) keys.set(subject, this.#keys.ofRow(subject));
    const key = keys.get(subject);
    if (key === undefined) return undefined;
    const first = asInteger(row['first']);
    const joined = open(key, purposeOfBox(id, subject, first), asBytes(row['box']));
    if (joined === undefined) throw unopenedBox(first);
    return { owner: { id: subject, key }, entries: parseEntries(joined, first) };
  }
}

function purposeOfBox(id: number, subject: number, first: number): string {
  return `box ${id} ${subject} ${first}`;
}

/** In as many boxes as they need. */
function* splitEntries(entries: readonly OpeningEntry[]): Generator<readonly OpeningEntry[]> {
  let from = 0;
  let sizeBytes = 0;
  for (const [at, [, bytes]] of entries.entries()) {
    if (at > from && (at - from >= MAX_BOX_ENTRIES || sizeBytes + bytes.length > MAX_BOX_BYTES)) {
      yield entries.slice(from, at);
      from = at;
      sizeBytes = 0;
    }
    sizeBytes += bytes.length;
  }
  if (from < entries.length) yield entries.slice(from);
}

function joinEntries(entries: readonly OpeningEntry[], first: number): Buffer {
  let sizeBytes = 0;
  for (const [, bytes] of entries) sizeBytes += HEADER_BYTES + bytes.length;
  const joined = Buffer.allocUnsafe(sizeBytes);
  let at = 0;
  for (const [index, bytes] of entries) {
    joined.writeUInt32LE(index - first, at);
    joined.writeUInt32LE(bytes.length, at + 4);
    joined.set(bytes, at + HEADER_BYTES);
    at += HEADER_BYTES + bytes.length;
  }
  return joined;
}

function parseEntries(joined: Buffer, first: number): OpeningEntry[] {
  const entries: OpeningEntry[] = [];
  for (let at = 0; at + HEADER_BYTES <= joined.length;) {
    const start = at + HEADER_BYTES;
    const end = start + joined.readUInt32LE(at + 4);
    entries.push([first + joined.readUInt32LE(at), joined.subarray(start, end)]);
    at = end;
  }
  return entries;
}
