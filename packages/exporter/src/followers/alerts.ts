import type { LedgerReader } from '@spanledger/ledger';

import { loadRules, openAlerts } from '../alerts/index.ts';
import type { AlertsConfig } from '../config/index.ts';
import type { DataDirectory } from '../data-directory.ts';
import { ExporterError } from '../errors.ts';
import { type FollowedRecord, type FollowedRecords, parseOwnRecord } from '../followed-records.ts';
import type { FollowedLog } from '../follower-database.ts';
import type { Follower } from '../follower.ts';
import type { OpeningsReader } from '../openings.ts';
import { createRowSealer } from '../privacy/index.ts';

/** What following the log for alerts joins. */
export interface AlertFollowerOptions {
  config: AlertsConfig;
  paths: DataDirectory;
  /** The key of the blind index. */
  key: Uint8Array;
  reader: LedgerReader;
  records: FollowedRecords;
  openings: OpeningsReader;
  log: FollowedLog;
}

/**
 * The follower that holds records against the rules; undefined where that is switched off.
 *
 * @throws ExporterError `config_invalid`
 */
export function openAlertFollower(options: AlertFollowerOptions): Follower | undefined {
  const { config, paths, key, reader, records, openings, log } = options;
  if (!config.isEnabled) return undefined;
  return openAlerts({
    file: paths.alertsFile,
    key,
    rules: loadRules({ file: config.rulesFile, disabled: config.disabled }),
    maxKeys: config.maxKeys,
    records,
    readRecord: (index) => readRecord(index, reader, openings),
    sealer: createRowSealer(key, 'alerts'),
    log,
  });
}

async function readRecord(
  index: number,
  reader: LedgerReader,
  openings: OpeningsReader,
): Promise<FollowedRecord> {
  const bytes = await reader.entry(index);
  if (bytes === undefined) {
    const hint = "run 'spanledger verify': it names every file that is damaged";
    throw new ExporterError('ledger_damaged', `Entry ${index} of the ledger is not there`, { hint });
  }
  const opened = await openings.read(index, index + 1);
  return { index, record: parseOwnRecord(bytes, index), openings: opened.get(index) ?? {} };
}
