/**
 * What somebody runs who takes rows out of the embedded index by hand. Its full-text table has to be told which words a row
 * has; its own vocabulary says so.
 *
 * @param first - the first row; a record's ledger index and one
 * @param last - the last row
 */
export function rowRemoval(first: number, last: number = first): string {
  return `
    CREATE VIRTUAL TABLE temp.row_words USING fts5vocab('main', 'postings', 'instance');
    INSERT INTO postings (postings, rowid, tokens)
      SELECT 'delete', doc, group_concat(term, ' ') FROM temp.row_words
      WHERE doc BETWEEN ${first} AND ${last} GROUP BY doc;
    DROP TABLE temp.row_words;
  `;
}
