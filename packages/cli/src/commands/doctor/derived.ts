import { existsSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { dataDirectory } from '@spanledger/audit-exporter';
import { formatCount } from '../../output/text.ts';
import { type Finding, warning } from './finding.ts';

/** How many records are named one by one. */
const MAX_SHOWN = 20;

const REFUSED = 'SELECT record_id, reason FROM outbox_refused ORDER BY number DESC';

/** What the service derived and could not write; nothing where there is none. Without any key: nothing of it is opened. */
export function checkDerived(directory: string): Finding[] {
  const { sessionsFile, alertsFile, completenessFile } = dataDirectory(directory);
  const rooms: [string, string][] = [
    ['sessions', sessionsFile],
    ['alerts', alertsFile],
    ['completeness', completenessFile],
  ];
  return rooms.flatMap(([name, file]) => {
    const refused = readRefused(file);
    if (refused.length === 0) return [];
    const more = refused.length > MAX_SHOWN ? `; and ${formatCount(refused.length - MAX_SHOWN)} more` : '';
    return [
      warning(
        name,
        `${formatCount(refused.length)} derived records cannot be written: ${refused.slice(0, MAX_SHOWN).join('; ')}${more}`,
        `Report it. After an upgrade: stop the service and delete ${name}/, which is rebuilt and derives them anew.`,
      ),
    ];
  });
}

/** What cannot be read is told of elsewhere. */
function readRefused(file: string): string[] {
  if (!existsSync(file)) return [];
  try {
    const database = new DatabaseSync(file, { readOnly: true });
    try {
      return database
        .prepare(REFUSED)
        .all()
        .map((row) => `${String(row['record_id'])} (${String(row['reason'])})`);
    } finally {
      database.close();
    }
  } catch {
    return [];
  }
}
