import { createSecretKey, type KeyObject, randomBytes } from 'node:crypto';
import { DatabaseSync } from 'node:sqlite';
import { seal } from '../../../../packages/exporter/src/privacy/sealed-box.ts';

/** The tables as version 3 created them. */
const SCHEMA = `
  CREATE TABLE subjects (id INTEGER PRIMARY KEY, scope TEXT NOT NULL UNIQUE, key BLOB NOT NULL);
  CREATE TABLE openings (
    chunk INTEGER NOT NULL, subject INTEGER NOT NULL REFERENCES subjects (id), first INTEGER NOT NULL,
    places BLOB NOT NULL, box BLOB NOT NULL, PRIMARY KEY (chunk, subject, first)
  ) WITHOUT ROWID;
  CREATE TABLE refs (
    blind BLOB PRIMARY KEY, ref TEXT NOT NULL, subject INTEGER NOT NULL REFERENCES subjects (id)
  ) WITHOUT ROWID;
  CREATE INDEX refs_of_subject ON refs (subject);
  CREATE TABLE progress (one INTEGER PRIMARY KEY CHECK (one = 1), sealed_to INTEGER NOT NULL, sealed_hash TEXT);
  INSERT INTO progress VALUES (1, 0, NULL);
  CREATE TABLE erased (reference TEXT PRIMARY KEY) WITHOUT ROWID;
  PRAGMA user_version = 3;
`;

/** Writes a vault as the version before boxes of many entries wrote it: a box a subject and 256 entries. */
export function makeVersion3(
  file: string,
  kek: KeyObject,
  owners: ReadonlyMap<number, string>,
  texts: ReadonlyMap<number, string>,
): void {
  const database = new DatabaseSync(file);
  database.exec(`PRAGMA journal_mode = WAL; ${SCHEMA}`);
  for (const scope of new Set(owners.values())) {
    const drawn = randomBytes(32);
    const { lastInsertRowid } = database
      .prepare('INSERT INTO subjects (scope, key) VALUES (?, ?)')
      .run(scope, seal(kek, `subject ${scope}`, drawn));
    const subject = Number(lastInsertRowid);
    const chunks = Map.groupBy(
      [...owners.keys()].filter((index) => owners.get(index) === scope).toSorted((a, b) => a - b),
      (index) => Math.floor(index / 256),
    );
    for (const [chunk, indexes] of chunks) {
      const parts = indexes.flatMap((index) => {
        const bytes = Buffer.from(texts.get(index) ?? '');
        const length = Buffer.alloc(4);
        length.writeUInt32LE(bytes.length);
        return [length, bytes];
      });
      const [first = 0] = indexes;
      const box = seal(createSecretKey(drawn), `openings ${chunk} ${subject} ${first}`, Buffer.concat(parts));
      database
        .prepare('INSERT INTO openings (chunk, subject, first, places, box) VALUES (?, ?, ?, ?, ?)')
        .run(
          chunk,
          subject,
          first,
          Uint8Array.from(indexes, (index) => index % 256),
          box,
        );
    }
  }
  database.close();
}
