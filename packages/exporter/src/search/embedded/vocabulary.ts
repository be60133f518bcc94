import type { DatabaseSync } from 'node:sqlite';

/** Makes the tokens of the full-text table readable, each with the rows that have it, as `temp.vocabulary`. */
export function openVocabulary(database: DatabaseSync): void {
  database.exec(
    'CREATE VIRTUAL TABLE IF NOT EXISTS temp.vocabulary USING fts5vocab(main, postings, instance)',
  );
}
