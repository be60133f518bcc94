import type { DatabaseSync } from 'node:sqlite';

import type { BlindKey } from '../../blind-key.ts';
import { openFollowerDatabase, type FollowedLog } from '../../follower-database.ts';
import { SHAPE_SCHEMA } from './shape-table.ts';
import { TIME_SCHEMA } from './time-index.ts';
import { TOKEN_CHARACTERS } from './tokens.ts';

/** Raised whenever what is stored of a document changes. */
const INDEX_VERSION = 3;

/**
 * How much the full-text table gathers in memory before it writes a segment of its own: more than a batch of records
 * ever makes, so that a batch is one segment. Every further segment is merged with the others later.
 */
const GATHERED_BYTES = 32 * 1024 * 1024;

const SCHEMA = `
  ${SHAPE_SCHEMA}
  ${TIME_SCHEMA}
  CREATE TABLE leaving (row INTEGER PRIMARY KEY, gone TEXT NOT NULL, come TEXT NOT NULL);
  CREATE VIRTUAL TABLE postings USING fts5(
    tokens, content='', detail=none, columnsize=0, tokenize="ascii tokenchars '${TOKEN_CHARACTERS}'"
  );
  INSERT INTO postings (postings, rank) VALUES ('hashsize', ${GATHERED_BYTES});
`;

/** Opens the database of the embedded index. Who writes overwrites what is deleted, also where segments are merged. */
export function openIndexDatabase(
  file: string,
  key: BlindKey,
  readOnly: boolean,
  log?: FollowedLog,
): DatabaseSync {
  const database = openFollowerDatabase({
    file,
    title: 'search index',
    version: INDEX_VERSION,
    schema: SCHEMA,
    key,
    readOnly,
    ...(log !== undefined && { log }),
  });
  if (!readOnly) {
    database.exec('PRAGMA secure_delete = ON');
    // Whoever ended in the middle of an erasure left it on.
    setDeletedInPlace(database, false);
  }
  return database;
}

/** Whether what is deleted leaves the full-text table at once; not while records are taken in, which is slower then. */
export function setDeletedInPlace(database: DatabaseSync, isInPlace: boolean): void {
  const value = isInPlace ? 1 : 0;
  database.exec(`INSERT INTO postings (postings, rank) VALUES ('secure-delete', ${value})`);
}
