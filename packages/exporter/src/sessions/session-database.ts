import type { BlindKey } from '../blind-key.ts';
import type { FollowerDatabaseOptions } from '../follower-database.ts';
import { OUTBOX_SCHEMA } from '../outbox/index.ts';
import { DEADLINES_SCHEMA } from './session-deadlines.ts';
import { SESSIONS_SCHEMA } from './session-table.ts';
import { TOKEN_DEADLINES_SCHEMA } from './token-deadlines.ts';
import { TOKENS_SCHEMA } from './token-table.ts';

/** Raised whenever a column changes its meaning. */
const SESSIONS_VERSION = 4;

/** The database of sessions and tokens. */
export function databaseOptions(
  file: string,
  key: BlindKey,
): Pick<FollowerDatabaseOptions, 'file' | 'key' | 'schema' | 'title' | 'version'> {
  return {
    file,
    key,
    title: 'list of sessions',
    version: SESSIONS_VERSION,
    schema: SESSIONS_SCHEMA + TOKENS_SCHEMA + TOKEN_DEADLINES_SCHEMA + DEADLINES_SCHEMA + OUTBOX_SCHEMA,
  };
}
