import { existsSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { fileTiles, LedgerReader } from '@spanledger/ledger';
import type { AlertSeverity } from '@spanledger/record';

import { loadRules, openAlertList, replayRules, type RuleChoice } from './alerts/index.ts';
import { dataDirectory } from './data-directory.ts';
import { followedRecords } from './followed-records.ts';
import { loadIndexKey, loadKek, openStoredOpenings } from './privacy/index.ts';

/** What is replayed. */
export interface ReplayOptions {
  rules: RuleChoice;
  /** Only alerts of this time and later, milliseconds since the epoch. */
  sinceMs?: number;
  /** Only alerts before this time, milliseconds since the epoch. */
  untilMs?: number;
  /** What time it is now, milliseconds since the epoch: what had to follow by then and did not is told. */
  nowMs: number;
  /** For `SPANLEDGER_KEK`; the process's own by default. */
  env?: Readonly<Record<string, string | undefined>>;
  /** Told how many records of how many were looked at. */
  onProgress?: (done: number, all: number) => void;
}

/** An alert that the rules raise over the records of a log. */
export interface ReplayedAlert {
  /** The same that the service gives it. */
  id: string;
  rule: string;
  name: string;
  severity: AlertSeverity;
  /** RFC 3339. */
  time: string;
  first: string;
  last: string;
  count: number;
  /** `audit.record.id` of the records that it rests on. */
  records: string[];
  user_id?: string;
  client_address?: string;
  /** `audit.session.id`. */
  session?: string;
  /** Whether the ledger holds it, as far as the service has followed it. */
  recorded: boolean;
}

/**
 * Runs rules over the log of a data directory, with the code that the service runs. What came before `sinceMs` is looked
 * at as well, for what rules remember of it. Nothing in the directory is changed.
 *
 * @param directory - the data directory
 * @throws ExporterError `config_invalid` for rules with mistakes, `key_missing`, `key_mismatch`, `vault_damaged`
 */
export async function* replayAlerts(
  directory: string,
  options: ReplayOptions,
): AsyncGenerator<ReplayedAlert> {
  const { rules, sinceMs = 0, untilMs = Infinity, nowMs, env = process.env, onProgress } = options;
  const chosen = loadRules(rules);
  const paths = dataDirectory(directory);
  const environmentKek = env['SPANLEDGER_KEK'];
  const kek = await loadKek(paths.kekFile, environmentKek, false);
  const key = await loadIndexKey(paths.indexKeyFile, kek, false);
  const recorded = existsSync(paths.alertsFile) ? openAlertList({ file: paths.alertsFile, key }) : undefined;
  const openings = await openStoredOpenings(paths, environmentKek);
  // A database of SQLite's own: in memory as long as it is small, and gone afterwards.
  const database = new DatabaseSync('');
  try {
    const reader = new LedgerReader(fileTiles(paths.ledger));
    const raised = replayRules({
      rules: chosen,
      key,
      database,
      reader,
      records: followedRecords(openings),
      nowMs,
      ...(onProgress !== undefined && { onProgress }),
    });
    for await (const { alert, id, party } of raised) {
      const timeMs = Date.parse(alert.timestamp);
      if (timeMs < sinceMs || timeMs >= untilMs) continue;
      yield {
        id,
        rule: alert.rule.id,
        name: alert.rule.name,
        severity: alert.severity,
        time: alert.timestamp,
        first: alert.first,
        last: alert.last,
        count: alert.evidence.count,
        records: alert.evidence.records,
        ...party,
        recorded: recorded?.find(id) !== undefined,
      };
    }
  } finally {
    database.close();
    openings.close();
    recorded?.close();
  }
}
