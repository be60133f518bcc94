import type { DatabaseSync } from 'node:sqlite';

import type { BlindKey } from '../../blind-key.ts';
import { openFollowerDatabase } from '../../follower-database.ts';
import { SHAPE_SCHEMA } from './shape-table.ts';
import { TOKEN_CHARACTERS } from './tokens.ts';

/** Raised whenever the tokens of a document change. */
const INDEX_VERSION = 1;

const SCHEMA = `
  ${SHAPE_SCHEMA}
  CREATE TABLE time_blocks (block INTEGER PRIMARY KEY, first_ms INTEGER NOT NULL, last_ms INTEGER NOT NULL);
  CREATE VIRTUAL TABLE postings USING fts5(
    tokens, content='', detail=none, contentless_delete=1, tokenize="ascii tokenchars '${TOKEN_CHARACTERS}'"
  );
`;

/** Opens the database of the embedded index. */
export function openIndexDatabase(file: string, key: BlindKey, readOnly: boolean): DatabaseSync {
  return openFollowerDatabase({
    file,
    title: 'search index',
    version: INDEX_VERSION,
    schema: SCHEMA,
    key,
    readOnly,
  });
}
