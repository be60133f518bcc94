import { access } from 'node:fs/promises';
import { DatabaseSync } from 'node:sqlite';
import { dataDirectory } from '@spanledger/audit-exporter';
import { LedgerReader } from '@spanledger/ledger';
import { openPublicLog } from '../../connection.ts';
import { formatCount } from '../../output/text.ts';
import { bad, type Finding } from './finding.ts';

/** How often a vault is looked at that is ahead of the checkpoint, which a running service is about to replace. */
const ATTEMPTS = 10;
const ATTEMPT_INTERVAL_MS = 200;

const POSITION = "SELECT value AS position FROM meta WHERE name = 'position'";
const SEALED_TO = 'SELECT sealed_to AS position FROM progress';

/** A database that follows the ledger, and how it is mended that it is ahead of it. */
interface Room {
  subject: string;
  file: string;
  query: string;
  fix: string;
}

/**
 * Looks for what is ahead of the published ledger: then the ledger is of an older backup than the rest, or was cut
 * back. What cannot be read here is left to those that look at it as a whole.
 */
export async function checkPositions(directory: string): Promise<Finding[]> {
  const paths = dataDirectory(directory);
  const rebuilt = (name: string): string =>
    `If the ledger was restored from an older backup: stop the service and delete ${name}/, which is rebuilt. If not, it was cut back: spanledger verify --known with a checkpoint that you kept.`;
  const rooms: Room[] = [
    { subject: 'index', file: paths.indexFile, query: POSITION, fix: rebuilt('index') },
    { subject: 'sessions', file: paths.sessionsFile, query: POSITION, fix: rebuilt('sessions') },
    {
      subject: 'completeness',
      file: paths.completenessFile,
      query: POSITION,
      fix: rebuilt('completeness'),
    },
    {
      subject: 'vault',
      file: paths.vaultFile,
      query: SEALED_TO,
      fix: 'Restore vault/ and ledger/ from the same backup. If neither was restored, the ledger was cut back: spanledger verify --known with a checkpoint that you kept.',
    },
  ];
  const { tiles } = await openPublicLog({ kind: 'directory', directory });
  const log = new LedgerReader(tiles);
  let ahead: Finding[] = [];
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    if (attempt > 0) await new Promise((resolve) => setTimeout(resolve, ATTEMPT_INTERVAL_MS));
    // Before the checkpoint, which grows meanwhile.
    const positions = await Promise.all(rooms.map(({ file, query }) => readPosition(file, query)));
    const { size } = await log.checkpoint();
    ahead = rooms.flatMap(({ subject, fix }, at) => {
      const position = positions[at] ?? 0;
      if (position <= size) return [];
      const counts = `it has taken in ${formatCount(position)} entries, the published ledger has ${formatCount(size)}`;
      return [bad(subject, `ahead of the ledger: ${counts}`, fix)];
    });
    if (ahead.length === 0) return [];
  }
  return ahead;
}

async function readPosition(file: string, query: string): Promise<number | undefined> {
  try {
    await access(file);
    const database = new DatabaseSync(file, { readOnly: true });
    try {
      const position = database.prepare(query).get()?.['position'];
      return position === undefined ? undefined : Number(position);
    } finally {
      database.close();
    }
  } catch {
    return undefined;
  }
}
