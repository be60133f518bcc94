import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { rowRemoval } from '../../support/exporter/row-removal.ts';
import type { IndexAttack } from '../index-attack.ts';

export const deleteDocument: IndexAttack = {
  name: 'delete an indexed document',
  needs: 'index',
  about:
    'A record is taken out of the embedded index; or left in it without its words, so that it is found by nothing it holds; or out of the range of its time; or out of the documents that have its fields; or the index is cut off before it and says that it has come no further; or the list of sessions loses one.',
  async commit({ documents, random, copyDirectory }) {
    const directory = await copyDirectory();
    const index = random.integer(documents.length);
    const row = index + 1;
    const choice = random.integer(6);
    const file = choice === 5 ? 'sessions/sessions.db' : 'index/index.db';
    using database = new DatabaseSync(join(directory, file));
    const run = (sql: string, ...values: (string | number)[]): void => {
      database.prepare(sql).run(...values);
    };
    switch (choice) {
      case 0:
        database.exec(rowRemoval(row));
        break;
      case 1:
        database.exec(rowRemoval(row));
        run('INSERT INTO postings (rowid, tokens) VALUES (?, ?)', row, '+ ?none');
        break;
      case 2:
        run('UPDATE time_blocks SET first_ms = last_ms + 1000 WHERE block = ?', Math.floor(index / 256));
        break;
      case 3:
        run(
          'DELETE FROM shape_fields WHERE field IN (SELECT field FROM shape_fields ORDER BY field LIMIT 1)',
        );
        break;
      case 4:
        database.exec(rowRemoval(row, documents.length));
        run("UPDATE meta SET value = ? WHERE name = 'position'", index);
        break;
      default:
        run('DELETE FROM sessions WHERE reference IN (SELECT reference FROM sessions LIMIT 1)');
    }
    return { directory };
  },
};
