import type { KeyObject } from 'node:crypto';
import type { DatabaseSync, StatementSync } from 'node:sqlite';

import { open, seal } from './sealed-box.ts';
import type { ScopeKeys } from './scope-keys.ts';
import { asBytes, asInteger, unopenedBox } from './vault-damage.ts';
import type { ErasableOpenings } from './vault-erasure.ts';

const CHUNK_ENTRIES = 256;
const LENGTH_BYTES = 4;

/** The table of {@link ChunkedOpenings}. */
export const CHUNKED_OPENINGS_SCHEMA = `
  CREATE TABLE IF NOT EXISTS openings (
    chunk INTEGER NOT NULL,
    subject INTEGER NOT NULL REFERENCES subjects (id),
    first INTEGER NOT NULL,
    places BLOB NOT NULL,
    box BLOB NOT NULL,
    PRIMARY KEY (chunk, subject, first)
  ) WITHOUT ROWID;
`;

/**
 * Openings as vaults kept them until version 3: a box for each subject within 256 entries, whose `places` say, a byte each,
 * which of these entries are in it. They are read and erased where they are; nothing is added.
 */
export class ChunkedOpenings implements ErasableOpenings {
  readonly #database: DatabaseSync;
  readonly #keys: ScopeKeys;
  readonly #select: StatementSync;

  constructor(database: DatabaseSync, keys: ScopeKeys) {
    this.#database = database;
    this.#keys = keys;
    this.#select = database.prepare(
      'SELECT chunk, subject, first, places, box FROM openings WHERE chunk BETWEEN ? AND ?',
    );
  }

  /** What is here of the entries `from` up to, not including, `to`: JCS bytes. Boxes whose key is gone are left out. */
  read(from: number, to: number, found: Map<number, Uint8Array>): void {
    // For as long as this takes: a key that is destroyed must not be kept.
    const keys = new Map<number, KeyObject | undefined>();
    for (const row of this.#select.iterate(chunkOf(from), chunkOf(to - 1))) {
      const chunk = asInteger(row['chunk']);
      const indexes = Array.from(asBytes(row['places']), (place) => chunk * CHUNK_ENTRIES + place);
      if (!indexes.some((index) => index >= from && index < to)) continue;
      const subject = asInteger(row['subject']);
      if (!keys.has(subject)) keys.set(subject, this.#keys.ofRow(subject));
      const key = keys.get(subject);
      if (key === undefined) continue;
      const parts = openBox(key, chunk, subject, row);
      for (const [i, index] of indexes.entries()) {
        const opened = parts[i];
        if (index >= from && index < to && opened !== undefined) found.set(index, opened);
      }
    }
  }

  /** Takes openings of single entries out of the boxes they are in, the others in them stay. */
  cutOut(indexes: Iterable<number>): void {
    for (const index of indexes) {
      const chunk = chunkOf(index);
      for (const row of this.#select.all(chunk, chunk)) {
        const places = [...asBytes(row['places'])];
        const at = places.indexOf(index % CHUNK_ENTRIES);
        if (at !== -1) this.#sealWithout(chunk, row, places, at);
      }
    }
  }

  /** Takes the boxes of a scope away within these entries. */
  remove(scope: string, indexes: Iterable<number>): void {
    const remove = this.#database.prepare(
      'DELETE FROM openings WHERE chunk = ? AND subject = (SELECT id FROM subjects WHERE scope = ?)',
    );
    for (const chunk of new Set(Array.from(indexes, chunkOf))) remove.run(chunk, scope);
  }

  #sealWithout(chunk: number, row: Record<string, unknown>, places: number[], at: number): void {
    const subject = asInteger(row['subject']);
    const key = this.#keys.ofRow(subject);
    if (key === undefined) return;
    const parts = openBox(key, chunk, subject, row);
    const first = asInteger(row['first']);
    this.#database
      .prepare('DELETE FROM openings WHERE chunk = ? AND subject = ? AND first = ?')
      .run(chunk, subject, first);
    const left = places.toSpliced(at, 1);
    const [firstLeft] = left;
    if (firstLeft === undefined) return;
    const newFirst = chunk * CHUNK_ENTRIES + firstLeft;
    const box = seal(key, purposeOfBox(chunk, subject, newFirst), joinParts(parts.toSpliced(at, 1)));
    this.#database
      .prepare('INSERT OR REPLACE INTO openings (chunk, subject, first, places, box) VALUES (?, ?, ?, ?, ?)')
      .run(chunk, subject, newFirst, Uint8Array.from(left), box);
  }
}

function openBox(key: KeyObject, chunk: number, subject: number, row: Record<string, unknown>): Buffer[] {
  const first = asInteger(row['first']);
  const joined = open(key, purposeOfBox(chunk, subject, first), asBytes(row['box']));
  if (joined === undefined) throw unopenedBox(first);
  return splitParts(joined);
}

function chunkOf(index: number): number {
  return Math.floor(index / CHUNK_ENTRIES);
}

function purposeOfBox(chunk: number, subject: number, first: number): string {
  return `openings ${chunk} ${subject} ${first}`;
}

/** A box's content: each entry's openings as JCS bytes behind their length (uint32, little-endian). */
function joinParts(parts: readonly Uint8Array[]): Buffer {
  return Buffer.concat(
    parts.flatMap((bytes) => {
      const length = Buffer.allocUnsafe(LENGTH_BYTES);
      length.writeUInt32LE(bytes.length);
      return [length, bytes];
    }),
  );
}

function splitParts(bytes: Buffer): Buffer[] {
  const list: Buffer[] = [];
  for (let at = 0; at + LENGTH_BYTES <= bytes.length;) {
    const start = at + LENGTH_BYTES;
    at = start + bytes.readUInt32LE(at);
    list.push(bytes.subarray(start, at));
  }
  return list;
}
