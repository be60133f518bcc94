import { existsSync } from 'node:fs';
import { fileTiles, LedgerReader } from '@spanledger/ledger';
import { isJsonObject, type JsonObject, type JsonValue } from '@spanledger/record';

import { loadRules, openAlertList, replayRules, type RuleChoice } from './alerts/index.ts';
import { dataDirectory } from './data-directory.ts';
import { partyOf } from './derived-draft.ts';
import { environmentKek, kekEnvironment } from './environment-kek.ts';
import { type FollowedRecord, followedRecords } from './followed-records.ts';
import { type LogTimes, timesInLog } from './log-times.ts';
import type { ReplayedAlert, ReplayRange } from './replay-types.ts';
import { loadIndexKey, loadKek, openStoredOpenings } from './privacy/index.ts';

/** What is replayed. */
export interface ReplayOptions extends ReplayRange {
  rules: RuleChoice;
  /** What time it is now, milliseconds since the epoch: what had to follow by then and did not is told. */
  nowMs: number;
  /** For `SPANLEDGER_KEK`; the process's own by default. */
  env?: Readonly<Record<string, string | undefined>>;
  /** Told how many records of how many were looked at. */
  onProgress?: (done: number, all: number) => void;
}

/**
 * Runs rules over the log of a data directory, with the code that the service runs. Of what came before `sinceMs` each
 * rule looks at as much as it takes into account. Nothing in the directory is changed.
 *
 * @param directory - the data directory
 * @throws ExporterError `config_invalid` for rules with mistakes, `key_missing`, `key_mismatch`, `vault_damaged`
 */
export async function* replayAlerts(
  directory: string,
  options: ReplayOptions,
): AsyncGenerator<ReplayedAlert> {
  const { rules, sinceMs, untilMs, nowMs, env = process.env, onProgress } = options;
  const chosen = loadRules(rules);
  const paths = dataDirectory(directory);
  const brought = await environmentKek(kekEnvironment(env));
  const kek = await loadKek(paths.kekFile, brought, false);
  const key = await loadIndexKey(paths.indexKeyFile, kek, false);
  const recorded = existsSync(paths.alertsFile) ? openAlertList({ file: paths.alertsFile, key }) : undefined;
  const openings = await openStoredOpenings(paths, brought);
  let times: LogTimes | undefined;
  try {
    const reader = new LedgerReader(fileTiles(paths.ledger));
    const { size } = await reader.checkpoint();
    const places = timesInLog({ file: paths.indexFile, key, openings, size });
    times = places;
    const records = followedRecords(openings);
    const minimumIndex = await reader.minimumIndex();
    const read = async (from: number, end: number): Promise<readonly FollowedRecord[]> => {
      const first = Math.max(from, minimumIndex);
      return first >= end ? [] : await records.read({ first, entries: await reader.range(first, end) });
    };
    const raised = replayRules({
      rules: chosen,
      key,
      size,
      read,
      firstAt: (timeMs) => places.firstAt(timeMs),
      endAt: (timeMs) => places.endAt(timeMs),
      nowMs,
      ...(sinceMs !== undefined && { sinceMs }),
      ...(untilMs !== undefined && { untilMs }),
      ...(onProgress !== undefined && { onProgress }),
    });
    for await (const { alert, id, record } of raised) {
      const { index } = alert.trigger;
      const [trigger] = record?.index === index ? [record] : await read(index, index + 1);
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
        ...(trigger !== undefined && partyNames(trigger)),
        recorded: recorded?.find(id) !== undefined,
      };
    }
  } finally {
    times?.close();
    openings.close();
    recorded?.close();
  }
}

function partyNames({
  record,
  openings,
}: FollowedRecord): Pick<ReplayedAlert, 'client_address' | 'session' | 'user_id'> {
  const { identity, network, sessionRef } = partyOf(record, openings);
  const user = textAt(identity, ['user', 'id']) ?? textAt(identity, ['enduser', 'id']);
  const address = textAt(network, ['client', 'address']);
  return {
    ...(user !== undefined && { user_id: user }),
    ...(address !== undefined && { client_address: address }),
    ...(sessionRef !== undefined && { session: sessionRef }),
  };
}

function textAt(object: JsonObject, path: readonly string[]): string | undefined {
  let value: JsonValue | undefined = object;
  for (const name of path) value = isJsonObject(value) ? value[name] : undefined;
  return typeof value === 'string' ? value : undefined;
}
